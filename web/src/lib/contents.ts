// What a savepoint holds, as addresses name it. Pure.

interface Operator<T> {
  uid: string
  name: string
  tables: T[]
}

/** The table that "uid name" names, if the savepoint has it; of an operator whose uid is another now, the one of the same name. */
export function ofTable<T extends { name: string }, O extends Operator<T>>(operators: readonly O[], address: string): { operator: O; table: O['tables'][number] } | undefined {
  const at = address.indexOf(' ')
  const [uid, name] = [address.slice(0, at), address.slice(at + 1)]
  const operator = operators.find((o) => o.uid === uid)
  const table = operator?.tables.find((t) => t.name === name)
  return operator && table && { operator, table }
}

/** "left-rows" as "left rows". */
export const readable = (name: string) => name.replaceAll(/[-_]+/g, ' ')
