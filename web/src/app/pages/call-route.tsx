/** The page of a call joined with what other subjects have to say about it: what was kept of it, and whether its caller is wanted. */
import { Button } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { UserX } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { BlockDialog } from "../../features/callers/block-dialog";
import { CallPage } from "../../features/calls/call-page";
import { RecordingCard } from "../../features/recordings/recording-card";
import type { Call } from "../../lib/api-types";
import { callerName } from "../../lib/format";
import { meQuery } from "../../lib/session";

function Block({ call }: { call: Call }) {
  const { t } = useTranslation("office");
  const { t: common } = useTranslation();
  const can = useQuery(meQuery).data?.can;
  const [open, setOpen] = useState(false);
  if (can?.supervise !== true || call.direction !== "incoming") return null;
  const caller = { name: callerName(call) ?? common("calls.unknown"), callId: call.id };
  return (
    <>
      <Button
        variant="default"
        leftSection={<UserX size={18} strokeWidth={1.75} aria-hidden="true" />}
        onClick={() => setOpen(true)}
      >
        {t("blocked.this_caller")}
      </Button>
      {open && <BlockDialog caller={caller} onClose={() => setOpen(false)} />}
    </>
  );
}

export function CallRoute() {
  const { t } = useTranslation();
  return (
    <CallPage
      actions={(call) => <Block call={call} />}
      recordings={(call) => (
        <RecordingCard
          callId={call.id}
          recordings={call.recordings}
          names={{ customer: callerName(call) ?? t("calls.unknown"), agent: call.answered_by?.name ?? null }}
        />
      )}
    />
  );
}
