// The table of contents: one line a page. Deep links are those of Ververica Platform.
// A page is a module that exports Component, loaded when it is first opened.
import { createHashRouter, Navigate } from 'react-router'
import { Broken } from './frame/broken'
import { Frame } from './frame/frame'
import { Loading } from './components/bits'
import { elsewhere } from './lib/links'

const first = <Loading what="the page" />

export const router = createHashRouter([
  {
    path: '/namespaces/:ns',
    element: <Frame />,
    HydrateFallback: () => first,
    children: [
      {
        errorElement: <Broken />,
        children: [
          { path: 'deployments', lazy: () => import('./pages/deployments/page') },
          { path: 'deploy', lazy: () => import('./pages/deploy/page') },
          { path: 'deployments/:ref', lazy: () => import('./pages/deployment/page') },
          { path: 'deployments/:ref/detail/:tab', lazy: () => import('./pages/deployment/page') },
          { path: 'sql', lazy: () => import('./pages/sql/page') },
          { path: 'sql/:script', lazy: () => import('./pages/sql/page') },
          { path: 'connectors', lazy: () => import('./pages/connectors/page') },
          { path: 'clusters', lazy: () => import('./pages/clusters/page') },
          { path: 'clusters/:ref', lazy: () => import('./pages/clusters/page') },
          { path: 'clusters/:ref/:tab', lazy: () => import('./pages/clusters/page') },
          { path: 'artifacts', lazy: () => import('./pages/artifacts/page') },
          { path: 'secrets', lazy: () => import('./pages/secrets/page') },
          { path: 'targets', lazy: () => import('./pages/targets/page') },
          { path: 'defaults', lazy: () => import('./pages/defaults/page') },
          { path: 'namespaces', lazy: () => import('./pages/namespaces/page') },
          { path: 'tokens', lazy: () => import('./pages/tokens/page') },
          { path: 'audit', lazy: () => import('./pages/audit/page') },
          { path: 'status', lazy: () => import('./pages/status/page') },
          ...Object.entries(elsewhere).map(([path, to]) => ({ path, element: <Navigate to={`../${to}`} relative="path" replace /> })),
          { path: '*', element: <Navigate to="deployments" replace /> },
        ],
      },
    ],
  },
  { path: '*', element: <Navigate to="/namespaces/default/deployments" replace /> },
])
