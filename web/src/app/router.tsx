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
import type { Me } from "../lib/api-types";
import { readCallSearch } from "../lib/call-search";
import { readContactSearch, readContactsSearch } from "../lib/contact-search";
import { withOffice } from "../lib/i18n";
import { readAuditSearch, readOwedSearch } from "../lib/office-search";
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
  component: lazyRouteComponent(() => withOffice(import("../features/account/welcome-page")), "WelcomePage"),
});

const invite = createRoute({
  getParentRoute: () => root,
  path: "/invite/$token",
  component: lazyRouteComponent(() => withOffice(import("../features/account/invite-page")), "InvitePage"),
});

const reset = createRoute({
  getParentRoute: () => root,
  path: "/reset/$token",
  component: lazyRouteComponent(() => withOffice(import("../features/account/reset-page")), "ResetPage"),
});

const forgot = createRoute({
  getParentRoute: () => root,
  path: "/forgot",
  component: lazyRouteComponent(() => withOffice(import("../features/account/forgot-page")), "ForgotPage"),
});

const shell = createRoute({
  getParentRoute: () => root,
  id: "shell",
  beforeLoad: async ({ context, location }) => {
    // Asked beside it: what the frame says of the server is there from the first picture, and pushes nothing down later.
    const known = context.queries.getQueryState(serverQuery.queryKey) !== undefined;
    const server = known ? null : context.queries.ensureQueryData(serverQuery).catch(() => null);
    try {
      const me = await context.queries.ensureQueryData(meQuery);
      await server;
      return { me };
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
  component: lazyRouteComponent(() => import("./pages/calls-route"), "CallsRoute"),
});

const call = createRoute({
  getParentRoute: () => shell,
  path: "/calls/$id",
  validateSearch: readCallSearch,
  component: lazyRouteComponent(() => withOffice(import("./pages/call-route")), "CallRoute"),
});

const contacts = createRoute({
  getParentRoute: () => shell,
  path: "/contacts",
  validateSearch: readContactsSearch,
  component: lazyRouteComponent(() => withOffice(import("../features/contacts/contacts-page")), "ContactsPage"),
});

const contact = createRoute({
  getParentRoute: () => shell,
  path: "/contacts/$id",
  validateSearch: readContactSearch,
  component: lazyRouteComponent(() => withOffice(import("./pages/contact-route")), "ContactRoute"),
});

/** A link to a page that somebody may not open says so; it does not pretend that there is none. */
function only(what: "supervise" | "administer") {
  return ({ context }: { context: { me: Me } }) => {
    if (!context.me.can[what]) throw new ApiError(403, { code: "forbidden" }, null);
  };
}

const numbers = createRoute({
  getParentRoute: () => shell,
  path: "/numbers",
  beforeLoad: only("administer"),
  component: lazyRouteComponent(() => withOffice(import("../features/numbers/numbers-page")), "NumbersPage"),
});

const number = createRoute({
  getParentRoute: () => shell,
  path: "/numbers/$id/$section",
  beforeLoad: only("administer"),
  component: lazyRouteComponent(() => withOffice(import("../features/numbers/number-page")), "NumberPage"),
});

const settings = createRoute({
  getParentRoute: () => shell,
  path: "/settings",
  component: lazyRouteComponent(() => withOffice(import("../features/settings/settings-layout")), "SettingsLayout"),
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
  component: lazyRouteComponent(() => withOffice(import("../features/settings/devices-page")), "DevicesPage"),
});

const appearance = createRoute({
  getParentRoute: () => settings,
  path: "/appearance",
  component: lazyRouteComponent(() => withOffice(import("../features/settings/appearance-page")), "AppearancePage"),
});

const shortcuts = createRoute({
  getParentRoute: () => settings,
  path: "/shortcuts",
  component: lazyRouteComponent(() => withOffice(import("../features/settings/shortcuts-page")), "ShortcutsPage"),
});

const password = createRoute({
  getParentRoute: () => settings,
  path: "/password",
  component: lazyRouteComponent(() => withOffice(import("../features/settings/password-page")), "PasswordPage"),
});

const blockedCallers = createRoute({
  getParentRoute: () => settings,
  path: "/blocked-callers",
  beforeLoad: only("supervise"),
  component: lazyRouteComponent(() => withOffice(import("../features/callers/blocked-page")), "BlockedPage"),
});

const people = createRoute({
  getParentRoute: () => settings,
  path: "/people",
  beforeLoad: only("administer"),
  component: lazyRouteComponent(() => withOffice(import("../features/people/people-page")), "PeoplePage"),
});

const branches = createRoute({
  getParentRoute: () => settings,
  path: "/branches",
  beforeLoad: only("administer"),
  component: lazyRouteComponent(() => withOffice(import("../features/people/branches-page")), "BranchesPage"),
});

const business = createRoute({
  getParentRoute: () => settings,
  path: "/business",
  beforeLoad: only("administer"),
  component: lazyRouteComponent(() => withOffice(import("../features/settings/tenant-page")), "TenantPage"),
});

const apiKeys = createRoute({
  getParentRoute: () => settings,
  path: "/api-keys",
  beforeLoad: only("administer"),
  component: lazyRouteComponent(() => withOffice(import("../features/people/api-keys-page")), "ApiKeysPage"),
});

const webhooks = createRoute({
  getParentRoute: () => settings,
  path: "/webhooks",
  beforeLoad: only("administer"),
  component: lazyRouteComponent(() => withOffice(import("../features/operation/relays-page")), "RelaysPage"),
});

const deliveries = createRoute({
  getParentRoute: () => settings,
  path: "/deliveries",
  validateSearch: readOwedSearch,
  beforeLoad: only("administer"),
  component: lazyRouteComponent(() => withOffice(import("../features/operation/owed-page")), "OwedPage"),
});

const audit = createRoute({
  getParentRoute: () => settings,
  path: "/audit",
  validateSearch: readAuditSearch,
  beforeLoad: only("administer"),
  component: lazyRouteComponent(() => withOffice(import("../features/audit/audit-page")), "AuditPage"),
});

/** An address that is none, with the frame around it. */
const nowhere = createRoute({ getParentRoute: () => shell, path: "$", component: NotFound });

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
  invite,
  reset,
  forgot,
  shell.addChildren([
    home,
    calls,
    call,
    contacts,
    contact,
    numbers,
    number,
    settings.addChildren([
      settingsHome,
      devices,
      appearance,
      shortcuts,
      password,
      blockedCallers,
      people,
      branches,
      business,
      apiKeys,
      webhooks,
      deliveries,
      audit,
      design,
    ]),
    nowhere,
  ]),
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
