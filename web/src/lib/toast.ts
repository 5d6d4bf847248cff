/** A short word at the bottom of the page. Its code comes after the first page, which never needs it. */
import type { NotificationData } from "@mantine/notifications";

export const loadToasts = () => import("@mantine/notifications");

export function toast(data: Pick<NotificationData, "message" | "color" | "autoClose">) {
  void loadToasts().then(({ notifications }) => notifications.show(data));
}
