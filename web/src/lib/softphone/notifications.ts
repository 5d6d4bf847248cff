/** Desktop notifications: one per call, closed when the call is no longer mine to answer. */

export function notificationPermission(): NotificationPermission | "unsupported" {
  return "Notification" in window ? Notification.permission : "unsupported";
}

export class CallNotifications {
  private readonly shown = new Map<string, Notification>();

  /** Shows what rings and takes away what does not. A page that is looked at needs no notification. */
  sync(ringing: { id: string; title: string; body: string }[]) {
    for (const [id, notification] of this.shown) {
      if (!ringing.some((each) => each.id === id)) {
        notification.close();
        this.shown.delete(id);
      }
    }
    if (notificationPermission() !== "granted" || (document.visibilityState === "visible" && document.hasFocus()))
      return;
    for (const { id, title, body } of ringing) {
      if (this.shown.has(id)) continue;
      try {
        const notification = new Notification(title, { body, tag: id, requireInteraction: true, icon: "/favicon.svg" });
        notification.onclick = () => {
          window.focus();
          notification.close();
        };
        this.shown.set(id, notification);
      } catch {
        // Chrome on Android only shows notifications of a service worker; the ringtone has to do there.
        return;
      }
    }
  }
}
