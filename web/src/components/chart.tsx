// A chart over time. uPlot is loaded with the first one.
import { lazy, Suspense } from 'react'
import type { ChartProps } from './plot'

const Plot = lazy(() => import('./plot'))

export function Chart(props: ChartProps) {
  return (
    <figure className="chart" data-testid="chart">
      <figcaption>{props.title} <span className="quiet">{props.unit}</span></figcaption>
      <Suspense fallback={<div style={{ height: props.height ?? 160 }} aria-busy="true" />}><Plot {...props} /></Suspense>
    </figure>
  )
}
