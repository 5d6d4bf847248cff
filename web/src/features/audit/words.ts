/** The words of the audit log that a filter offers, and how its details are written. */

export const WHATS = [
  "login.succeeded",
  "login.failed",
  "user.created",
  "user.changed",
  "user.disabled",
  "user.enabled",
  "user.password_changed",
  "user.password_reset_made",
  "user.password_reset",
  "invitation.made",
  "invitation.revoked",
  "invitation.accepted",
  "api_key.made",
  "api_key.revoked",
  "tenant.made",
  "tenant.changed",
  "branch.made",
  "branch.changed",
  "branch.deleted",
  "settings.changed",
  "number.changed",
  "number.suspension_lifted",
  "call.overridden",
  "recording.waiver_set",
  "recording.listened",
  "recording.downloaded",
  "recording.deleted",
  "blocked_caller.added",
  "blocked_caller.removed",
  "relay.made",
  "relay.changed",
  "relay.deleted",
  "delivery.retried",
  "delivery.discarded",
  "job.retried",
  "job.discarded",
  "alert.acknowledged",
  "secret.rotated",
  "secret.changed",
  "backup.made",
  "backup.restored",
  "audit.exported",
] as const;

const isNothing = (value: unknown) => value === null || (Array.isArray(value) && value.length === 0);

/** The details of an entry as a line: `role agent, disabled true`. Lists and objects stand as they are, what is nothing is left out. */
export function detailWords(detail: Record<string, unknown> | null | undefined): string | undefined {
  const parts = Object.entries(detail ?? {})
    .filter(([, value]) => !isNothing(value))
    .map(([name, value]) => {
      const words = typeof value === "object" ? JSON.stringify(value) : String(value);
      return `${name.replaceAll("_", " ")} ${words}`;
    });
  return parts.length === 0 ? undefined : parts.join(", ");
}
