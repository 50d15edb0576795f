// Names of resources. Pure.

/** What is wrong with a name of a resource; undefined: nothing. */
export function nameProblem(name: string, taken: readonly (string | undefined)[] = []): string | undefined {
  if (name === '') return undefined // nothing was written yet
  if (name.length > 63) return 'at most 63 characters'
  if (!/^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/.test(name)) return 'small letters, digits and - between them'
  if (taken.includes(name)) return 'there is one of this name already'
  return undefined
}

export const named = (name: string, taken: readonly (string | undefined)[] = []) => name !== '' && nameProblem(name, taken) === undefined
