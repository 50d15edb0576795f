import { QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { RouterProvider } from 'react-router'
import { ApiError } from './api/client'
import { router } from './routes'
import './styles.css'

const queries = new QueryClient({
  defaultOptions: {
    queries: {
      // What was refused stays refused; what did not arrive is asked for again.
      retry: (count, error) => count < 2 && !(error instanceof ApiError && error.status >= 400 && error.status < 500),
      retryDelay: 500,
      // What the server could not answer is asked for until it can.
      refetchInterval: (q) => (q.state.error instanceof ApiError && (q.state.error.status === 0 || q.state.error.status >= 500) ? 5000 : false),
      staleTime: 30_000,
      networkMode: 'always', // a machine without a network still reaches a weir on it
    },
    mutations: { networkMode: 'always' },
  },
})

createRoot(document.getElementById('root')!).render(
  <StrictMode>
    <QueryClientProvider client={queries}>
      <RouterProvider router={router} />
    </QueryClientProvider>
  </StrictMode>,
)
