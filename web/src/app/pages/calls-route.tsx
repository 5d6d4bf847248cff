/** The list of calls joined with the dialog that places one, whose code and texts come when it is opened. */
import { Button } from "@mantine/core";
import { useNavigate } from "@tanstack/react-router";
import { Phone } from "lucide-react";
import { lazy, Suspense, useState } from "react";
import { useTranslation } from "react-i18next";
import { CallsPage } from "../../features/calls/calls-page";
import { withOffice } from "../../lib/i18n";

const CallDialog = lazy(() =>
  withOffice(import("../../features/eligibility/call-dialog")).then((module) => ({ default: module.CallDialog })),
);

export function CallsRoute() {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const [open, setOpen] = useState(false);
  return (
    <>
      <CallsPage
        actions={
          <Button
            variant="default"
            leftSection={<Phone size={18} strokeWidth={1.75} aria-hidden="true" />}
            onClick={() => setOpen(true)}
            data-testid="dial-open"
          >
            {t("calls.call_customer")}
          </Button>
        }
      />
      {open && (
        <Suspense>
          <CallDialog
            onClose={() => setOpen(false)}
            onNumber={(id, section) => void navigate({ to: "/numbers/$id/$section", params: { id, section } })}
            onContacts={(phone) => void navigate({ to: "/contacts", search: { q: phone } })}
          />
        </Suspense>
      )}
    </>
  );
}
