/** A short word at the bottom of the page. Its code comes after the first page, which never needs it. */

import type { NotificationData } from "@mantine/notifications";
import i18next from "i18next";

export const loadToasts = () => import("@mantine/notifications");

export function toast(data: Pick<NotificationData, "message" | "color" | "autoClose">) {
  void loadToasts().then(({ notifications }) =>
    notifications.show({ closeButtonProps: { "aria-label": i18next.t("app.close") }, ...data }),
  );
}
