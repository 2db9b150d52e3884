/** Fill, line and text of each look, in light and in dark surroundings. No custom properties: not every renderer of SVG has them. */
const COLOURS = {
  none: { light: ['#eef1f4', '#7a8794', '#1c2127'], dark: ['#2b3138', '#8d99a6', '#e6eaee'] },
  read: { light: ['#dcebfb', '#2f6fb3', '#12263a'], dark: ['#16324f', '#69a7e6', '#e3effb'] },
  write: { light: ['#fde5cf', '#c05a00', '#3a1c00'], dark: ['#4a2a0c', '#f0a050', '#fdeedd'] },
  approval: { light: ['#efe3fb', '#7a3fb8', '#27113d'], dark: ['#371d52', '#b98aec', '#f3eafc'] },
  unknown: { light: ['#ffffff', '#7a8794', '#1c2127'], dark: ['#22262b', '#8d99a6', '#e6eaee'] },
  workflow: { light: ['#f8f9fa', '#9aa5b1', '#1c2127'], dark: ['#1f2328', '#6f7b87', '#e6eaee'] },
} as const;

const PAGE = {
  light: { paper: '#ffffff', ink: '#1c2127', quiet: '#4b5560', line: '#5c6773' },
  dark: { paper: '#16191d', ink: '#e6eaee', quiet: '#aab4be', line: '#98a4b0' },
} as const;

/** The style sheet of a drawing. */
export const STYLE = `${FIXED()}${scheme('light')}@media (prefers-color-scheme: dark) {\n${scheme('dark')}}\n`;

function FIXED(): string {
  return `text { font-family: Verdana, "DejaVu Sans", system-ui, sans-serif; }
.title { font-weight: bold; }
.notes { font-style: italic; }
.box { stroke-width: 1.4; }
.write > .box { stroke-width: 2.6; }
.group { stroke-dasharray: 5 4; stroke-width: 1; }
.arrow { fill: none; stroke-width: 1.4; }
.dashed { stroke-dasharray: 5 4; }
`;
}

function scheme(name: 'light' | 'dark'): string {
  const { paper, ink, quiet, line } = PAGE[name];
  const looks = Object.entries(COLOURS).map(([look, colours]) => {
    const [fill, stroke, text] = colours[name];
    return `.${look} > .box { fill: ${fill}; stroke: ${stroke}; }\n.${look} > text { fill: ${text}; }\n`;
  });
  return `.paper { fill: ${paper}; }
text { fill: ${ink}; }
.group { fill: none; stroke: ${line}; }
.arrow { stroke: ${line}; }
.head { fill: ${line}; }
.quiet { fill: ${quiet}; }
${looks.join('')}`;
}
