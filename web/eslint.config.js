import hooks from 'eslint-plugin-react-hooks'
import ts from 'typescript-eslint'

// Rooms of the UI: pages use components, api and lib; components use lib only;
// only api fetches; a page never imports another page.
const forbid = (...patterns) => ({
  rules: { 'no-restricted-imports': ['error', { patterns: patterns.map((group) => ({ group: [group] })) }] },
})

export default ts.config(
  { ignores: ['src/api/schema.ts'] },
  ...ts.configs.recommended,
  { plugins: { 'react-hooks': hooks }, // The compiler that these two are about is not used here.
    rules: { ...hooks.configs.recommended.rules, 'react-hooks/preserve-manual-memoization': 'off', 'react-hooks/incompatible-library': 'off' } },
  { files: ['src/components/**'], ...forbid('**/pages/**', '**/api/**') },
  { files: ['src/lib/**'], ...forbid('**/pages/**', '**/api/**', '**/components/**') },
  { files: ['src/pages/**'], rules: { 'no-restricted-imports': ['error', { patterns: [{ group: ['../../pages/**'] }, { regex: '^\\.\\./[^.]', message: 'a page never imports another page' }] }] } },
  {
    files: ['src/**'],
    ignores: ['src/api/**'],
    rules: { 'no-restricted-globals': ['error', { name: 'fetch', message: 'only src/api fetches' }, { name: 'EventSource', message: 'only src/api listens' }] },
  },
)
