import { PhoneIncoming, PhoneMissed, PhoneOff, PhoneOutgoing, TriangleAlert } from "lucide-react";
import { useTranslation } from "react-i18next";
import type { Call } from "../../lib/api-types";

export function DirectionIcon({ call, size }: { call: Call; size: number }) {
  const { t } = useTranslation();
  const look = { size, strokeWidth: 1.75, "aria-hidden": true, style: { flex: "none", display: "block" } } as const;
  let icon = call.direction === "incoming" ? <PhoneIncoming {...look} /> : <PhoneOutgoing {...look} />;
  if (call.status === "missed") icon = <PhoneMissed {...look} color="var(--bad)" />;
  else if (call.status === "rejected") icon = <PhoneOff {...look} />;
  else if (call.status === "failed") icon = <TriangleAlert {...look} color="var(--bad)" />;
  return (
    <>
      {icon}
      <span className="sr-only">{t(call.direction === "incoming" ? "calls.incoming" : "calls.outgoing")}</span>
    </>
  );
}
