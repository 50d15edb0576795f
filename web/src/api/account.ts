// Who asks, and the namespaces they see.
import { useQuery } from '@tanstack/react-query'
import { request } from './client'

export interface Account {
  /** false: everybody may do everything. */
  authentication: boolean
  /** Empty: not signed in. */
  name: string
  groups?: string[]
  admin: boolean
  /** Where to sign in. */
  login?: string
}

export function useAccount() {
  return useQuery({
    queryKey: ['account'],
    queryFn: () => request<Account>('GET', '/auth/whoami'),
    staleTime: Infinity,
    retry: false,
  })
}

/** Names of the namespaces, without "namespaces/" before them. */
export function useNamespaceNames() {
  return useQuery({
    queryKey: ['namespaces', 'names'],
    queryFn: async () => {
      const { namespaces } = await request<{ namespaces?: { name?: string }[] }>('GET', '/namespaces/v1/namespaces')
      return (namespaces ?? []).map((n) => (n.name ?? '').replace(/^namespaces\//, '')).filter(Boolean).sort()
    },
  })
}
