/** Settings of the business, and my own password. */
import { request } from "../../lib/api";
import type { Narrowed, Schemas } from "../../lib/api-types";

export type TenantSettings = Narrowed<Schemas["Settings"], { mask_numbers_for: "none" | "agent" | "supervisor" }>;

export const tenantSettings = {
  get: () => request<TenantSettings>("GET", "/settings"),
  change: (change: Schemas["SettingsChange"]) => request<TenantSettings>("PATCH", "/settings", change),
};

export const changePassword = (old: string, fresh: string) =>
  request<void>("POST", "/me/password", { old, new: fresh } satisfies Schemas["PasswordChange"]);
