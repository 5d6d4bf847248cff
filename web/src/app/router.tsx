/** The pages and their addresses. What a page shows lives in its search params, so that a view can be sent to a colleague. */

import type { QueryClient } from "@tanstack/react-query";
import {
  createRootRouteWithContext,
  createRoute,
  createRouter,
  lazyRouteComponent,
  Outlet,
  redirect,
} from "@tanstack/react-router";
import { ApiError } from "../lib/api";
import { readCallSearch } from "../lib/call-search";
import { meQuery, queries, serverQuery } from "../lib/session";
import { ShellRoute } from "./pages/shell-route";
import { Broken, NotFound } from "./pages/states";

const root = createRootRouteWithContext<{ queries: QueryClient }>()({
  component: Outlet,
  notFoundComponent: NotFound,
});

const text = (value: unknown): string | undefined => (typeof value === "string" && value !== "" ? value : undefined);

const login = createRoute({
  getParentRoute: () => root,
  path: "/login",
  validateSearch: (search: Record<string, unknown>): { to?: string; why?: string } => ({
    to: text(search.to),
    why: text(search.why),
  }),
  beforeLoad: async ({ context }) => {
    const server = await context.queries.ensureQueryData(serverQuery).catch(() => null);
    if (server?.needs_setup) throw redirect({ to: "/welcome" });
  },
  component: lazyRouteComponent(() => import("../features/account/login-page"), "LoginPage"),
});

const welcome = createRoute({
  getParentRoute: () => root,
  path: "/welcome",
  validateSearch: (search: Record<string, unknown>): { code?: string } => ({
    code: typeof search.code === "number" ? String(search.code) : text(search.code),
  }),
  beforeLoad: async ({ context }) => {
    const server = await context.queries.ensureQueryData(serverQuery).catch(() => null);
    if (server !== null && !server.needs_setup) throw redirect({ to: "/login" });
  },
  component: lazyRouteComponent(() => import("../features/account/welcome-page"), "WelcomePage"),
});

const shell = createRoute({
  getParentRoute: () => root,
  id: "shell",
  beforeLoad: async ({ context, location }) => {
    try {
      return { me: await context.queries.ensureQueryData(meQuery) };
    } catch (error) {
      if (!(error instanceof ApiError) || error.status !== 401) throw error;
      const to = location.href === "/" ? undefined : location.href;
      throw redirect({ to: "/login", search: { to } });
    }
  },
  component: ShellRoute,
  errorComponent: Broken,
});

const home = createRoute({
  getParentRoute: () => shell,
  path: "/",
  beforeLoad: () => {
    throw redirect({ to: "/calls" });
  },
});

const calls = createRoute({
  getParentRoute: () => shell,
  path: "/calls",
  validateSearch: readCallSearch,
  component: lazyRouteComponent(() => import("../features/calls/calls-page"), "CallsPage"),
});

const call = createRoute({
  getParentRoute: () => shell,
  path: "/calls/$id",
  validateSearch: readCallSearch,
  component: lazyRouteComponent(() => import("../features/calls/call-page"), "CallPage"),
});

const settings = createRoute({
  getParentRoute: () => shell,
  path: "/settings",
  component: lazyRouteComponent(() => import("../features/settings/settings-layout"), "SettingsLayout"),
});

const settingsHome = createRoute({
  getParentRoute: () => settings,
  path: "/",
  beforeLoad: () => {
    throw redirect({ to: "/settings/devices" });
  },
});

const devices = createRoute({
  getParentRoute: () => settings,
  path: "/devices",
  component: lazyRouteComponent(() => import("../features/settings/devices-page"), "DevicesPage"),
});

const appearance = createRoute({
  getParentRoute: () => settings,
  path: "/appearance",
  component: lazyRouteComponent(() => import("../features/settings/appearance-page"), "AppearancePage"),
});

const shortcuts = createRoute({
  getParentRoute: () => settings,
  path: "/shortcuts",
  component: lazyRouteComponent(() => import("../features/settings/shortcuts-page"), "ShortcutsPage"),
});

/** Lamps, keys and colours on one page, while developing only. */
const design = createRoute({
  getParentRoute: () => settings,
  path: "/design",
  component: import.meta.env.DEV
    ? lazyRouteComponent(() => import("../features/settings/design-page"), "DesignPage")
    : NotFound,
});

const tree = root.addChildren([
  login,
  welcome,
  shell.addChildren([home, calls, call, settings.addChildren([settingsHome, devices, appearance, shortcuts, design])]),
]);

export const router = createRouter({
  routeTree: tree,
  context: { queries },
  defaultPreload: "intent",
  defaultErrorComponent: Broken,
  defaultNotFoundComponent: NotFound,
  scrollRestoration: true,
});

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}
