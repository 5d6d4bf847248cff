/** Mantine, dressed in our tokens: it draws with our variables, so that both themes and the handset need no second set. */
import { Button, type CSSVariablesResolver, createTheme, type MantineColorsTuple, Menu } from "@mantine/core";

const enamel: MantineColorsTuple = [
  "#e8edfb",
  "#cdd8f6",
  "#b9c7f1",
  "#8da8ff",
  "#6c8be0",
  "#4767c9",
  "#2347b5",
  "#1b3a99",
  "#152e7c",
  "#0b1536",
];

export const theme = createTheme({
  primaryColor: "enamel",
  primaryShade: { light: 6, dark: 3 },
  colors: { enamel },
  autoContrast: true,
  defaultRadius: 8,
  fontFamily: '"IBM Plex Sans", system-ui, sans-serif',
  fontFamilyMonospace: '"IBM Plex Mono", ui-monospace, monospace',
  headings: { fontFamily: '"IBM Plex Sans", system-ui, sans-serif', fontWeight: "600" },
  cursorType: "pointer",
  focusRing: "auto",
  components: {
    // An empty element that is no choice has no place in a menu.
    Menu: Menu.extend({ defaultProps: { withInitialFocusPlaceholder: false } }),
    Button: Button.extend({
      // Mantine would choose white on the pale enamel of the dark theme; our pair is measured.
      vars: (_theme, props) =>
        (props.variant ?? "filled") === "filled" ? { root: { "--button-color": "var(--on-enamel)" } } : { root: {} },
    }),
  },
});

export const cssVariables: CSSVariablesResolver = () => {
  const ours = {
    "--mantine-color-body": "var(--sheet)",
    "--mantine-color-text": "var(--ink)",
    "--mantine-color-dimmed": "var(--ink3)",
    "--mantine-color-default": "var(--sheet)",
    "--mantine-color-default-hover": "var(--sheet2)",
    "--mantine-color-default-color": "var(--ink)",
    "--mantine-color-default-border": "var(--line2)",
    "--mantine-color-placeholder": "var(--ink3)",
    "--mantine-color-error": "var(--bad-text)",
    "--mantine-color-anchor": "var(--enamel-text)",
    "--mantine-primary-color-filled": "var(--enamel)",
    "--mantine-primary-color-filled-hover": "var(--enamel-hover)",
    "--mantine-primary-color-contrast": "var(--on-enamel)",
  };
  return { variables: {}, light: ours, dark: ours };
};
