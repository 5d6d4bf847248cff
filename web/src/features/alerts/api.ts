/** What the server wants a person to know and do. */
import { id, request } from "../../lib/api";
import type { Alert } from "../../lib/api-types";

export const alerts = {
  list: () => request<{ items: Alert[] }>("GET", "/alerts"),
  acknowledge: (alert: string) => request<Alert>("POST", `/alerts/${id(alert)}/acknowledge`),
};
