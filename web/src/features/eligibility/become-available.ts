/** Everything one click can do so that I can speak: the phone into this tab, the connection, sound and microphone, the status. */
import { phone } from "../../lib/softphone/phone";

export function becomeAvailable() {
  const { tab, line, stream } = phone.getState();
  if (tab === "other" || line === "replaced") phone.takePhone();
  if (stream === "lost") phone.retryNow();
  phone.wishStatus("available");
  void phone.resume();
}
