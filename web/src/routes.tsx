// The table of contents: one line a page. Deep links are those of Ververica Platform.
import { createHashRouter, Navigate } from 'react-router'
import { Frame } from './frame'
import { DeploymentPage } from './pages/deployment/page'
import { DeploymentsPage } from './pages/deployments/page'

export const router = createHashRouter([
  {
    path: '/namespaces/:ns',
    element: <Frame />,
    children: [
      { path: 'deployments', element: <DeploymentsPage /> },
      { path: 'deployments/:ref', element: <DeploymentPage /> },
      { path: 'deployments/:ref/detail/:tab', element: <DeploymentPage /> },
      { path: '*', element: <Navigate to="deployments" replace /> },
    ],
  },
  { path: '*', element: <Navigate to="/namespaces/default/deployments" replace /> },
])
