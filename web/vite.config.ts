import react from '@vitejs/plugin-react'
import { defineConfig } from 'vite'

const server = 'http://127.0.0.1:8080'

export default defineConfig({
  base: '/app/',
  plugins: [react()],
  build: { outDir: 'dist', emptyOutDir: false, sourcemap: false },
  server: { proxy: { '/api': server, '/flink-ui': server, '/namespaces': server } },
})
