/** People, branches, invitations and API keys. */
import { id, request } from "../../lib/api";
import type { Language, Narrowed, Schemas } from "../../lib/api-types";

export type Role = "operator" | "admin" | "supervisor" | "agent";
export const ROLES: Role[] = ["agent", "supervisor", "admin", "operator"];

/** `branch_ids: null` is all of them. */
export type User = Narrowed<Schemas["User"], { role: Role; language: Language }>;
export type Branch = Schemas["Branch"];
export type Invitation = Narrowed<Schemas["Invitation"], { role: Role; language: Language }>;
export type NewInvitation = Narrowed<Schemas["InvitationWanted"], { role: Role; language: Language }>;
export type FreshInvitation = Schemas["FreshInvitation"];
export type ResetLink = Schemas["ResetLink"];
export type ApiKey = Narrowed<Schemas["ApiKey"], { role: Role }>;

type Items<T> = { items: T[] };

export const people = {
  users: () => request<Items<User>>("GET", "/users"),
  changeUser: (user: string, change: Partial<Schemas["UserChange"]>) =>
    request<User>("PATCH", `/users/${id(user)}`, change),
  resetLink: (user: string) => request<ResetLink>("POST", `/users/${id(user)}/password-reset`),
  invitations: () => request<Items<Invitation>>("GET", "/invitations"),
  invite: (invitation: NewInvitation) => request<FreshInvitation>("POST", "/invitations", invitation),
  withdraw: (invitation: string) => request<void>("DELETE", `/invitations/${id(invitation)}`),
  branches: () => request<Items<Branch>>("GET", "/branches"),
  addBranch: (name: string) => request<Branch>("POST", "/branches", { name }),
  renameBranch: (branch: string, name: string) => request<Branch>("PATCH", `/branches/${id(branch)}`, { name }),
  removeBranch: (branch: string) => request<void>("DELETE", `/branches/${id(branch)}`),
  keys: () => request<Items<ApiKey>>("GET", "/api-keys"),
  addKey: (key: Schemas["KeyWanted"]) => request<Schemas["FreshApiKey"]>("POST", "/api-keys", key),
  removeKey: (key: string) => request<void>("DELETE", `/api-keys/${id(key)}`),
};
