/** What somebody does who cannot sign in yet: follow an invitation, ask for a new password, set one. */
import { id, request } from "../../lib/api";
import type { Language, Me, Narrowed, Schemas } from "../../lib/api-types";

export type Invited = Narrowed<Schemas["InvitationLetter"], { language: Language }>;

export const account = {
  invitation: (token: string) => request<Invited>("GET", `/invitations/by-token/${id(token)}`),
  accept: (answer: Schemas["InvitationAnswer"]) => request<Me>("POST", "/invitations/accept", answer),
  forgot: (email: string) => request<void>("POST", "/password-resets", { email } satisfies Schemas["Forgotten"]),
  reset: (token: string, password: string) =>
    request<void>("POST", "/password-resets/complete", { token, password } satisfies Schemas["NewPassword"]),
};
