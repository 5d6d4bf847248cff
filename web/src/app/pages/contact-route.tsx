/** The page of a contact joined with what other subjects know: whether we may call, and what the customer allows. */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { type ReactNode, useState } from "react";
import { useTranslation } from "react-i18next";
import { ConfirmDialog } from "../../components/confirm-dialog";
import { contacts } from "../../features/contacts/api";
import { ConsentDialog } from "../../features/contacts/consent-tab";
import { ContactPage, type ContactParts } from "../../features/contacts/contact-page";
import { contactName } from "../../features/contacts/names";
import { eligibility } from "../../features/eligibility/api";
import { becomeAvailable } from "../../features/eligibility/become-available";
import { useCallButton } from "../../features/eligibility/call-button";
import type { RemedyName } from "../../features/eligibility/reasons";
import { RequestDialog } from "../../features/permissions/request-dialog";
import { useAskHint, WalletPanel } from "../../features/permissions/wallet-panel";
import type { Contact, PhoneNumber } from "../../lib/api-types";
import { meQuery } from "../../lib/session";
import { toast } from "../../lib/toast";
import { useTrouble } from "../../lib/trouble";

function Joined(props: {
  contact: Contact;
  number: PhoneNumber | undefined;
  numbers: PhoneNumber[];
  draw: (parts: ContactParts) => ReactNode;
}) {
  const { t } = useTranslation("office");
  const { contact, number, numbers } = props;
  const words = useTrouble();
  const queries = useQueryClient();
  const navigate = useNavigate({ from: "/contacts/$id" });
  const administer = useQuery(meQuery).data?.can.administer === true;
  const [dialog, setDialog] = useState<"ask" | "consent" | "lift" | null>(null);
  const asked = useAskHint(contact.id, number?.id);
  const name = contactName(contact) ?? t("contacts.nameless");
  const again = () => void queries.invalidateQueries({ queryKey: ["eligibility"] });
  const takeOver = useMutation({
    mutationFn: () => contacts.change(contact.id, { automation_state: "none" }),
    onSuccess: (changed) => {
      queries.setQueryData(["contact", contact.id], changed);
      again();
    },
    onError: (error) => toast({ color: "red", message: words(error) }),
  });
  const toNumber = (section: string) => {
    if (number !== undefined) void navigate({ to: "/numbers/$id/$section", params: { id: number.id, section } });
  };
  const remedies: Record<RemedyName, () => void> = {
    request_permission: () => setDialog("ask"),
    send_message: () => void navigate({ search: (before) => ({ ...before, tab: "messages" }), replace: true }),
    record_consent: () => setDialog("consent"),
    lift_suspension: () => setDialog("lift"),
    open_hours: () => toNumber("hours"),
    raise_limit: () => toNumber("limits"),
    switch_on_calling: () => toNumber("calling"),
    become_available: becomeAvailable,
    use_other_number: () => {
      const next = numbers[(numbers.findIndex((each) => each.id === number?.id) + 1) % numbers.length];
      void navigate({ search: (before) => ({ ...before, number: next?.id }), replace: true });
    },
    take_over: () => takeOver.mutate(),
    remove_opt_out: () => void navigate({ search: (before) => ({ ...before, tab: "consent" }), replace: true }),
  };
  const call = useCallButton({
    who: { contact_id: contact.id },
    number: number?.id,
    otherNumbers: numbers.length > 1,
    onRemedy: (remedy) => remedies[remedy](),
    hintOf: ({ remedy }) => remedy === "request_permission" && asked !== null && <span className="dim">{asked}</span>,
  });
  return (
    <>
      {props.draw({
        button: number !== undefined && call.button,
        warning: call.warning,
        reasons: call.open && call.panel,
        wallet: number !== undefined && (
          <WalletPanel
            contactId={contact.id}
            numberId={number.id}
            numberName={number.name}
            onAsk={() => setDialog("ask")}
          />
        ),
      })}
      {dialog === "ask" && number !== undefined && (
        <RequestDialog
          contactId={contact.id}
          name={name}
          number={number}
          windowUntil={contact.window_until}
          onClose={() => setDialog(null)}
        />
      )}
      {dialog === "consent" && <ConsentDialog contact={contact} onClose={() => setDialog(null)} />}
      {dialog === "lift" && administer && number !== undefined && (
        <ConfirmDialog
          title={t("limits.lift_title", { name: number.name })}
          action={t("limits.lift")}
          run={() => eligibility.lift(number.id).then(again)}
          onClose={() => setDialog(null)}
        >
          <p>{t("limits.lift_cost")}</p>
        </ConfirmDialog>
      )}
    </>
  );
}

export function ContactRoute() {
  return (
    <ContactPage>
      {(contact, number, numbers, draw) => <Joined contact={contact} number={number} numbers={numbers} draw={draw} />}
    </ContactPage>
  );
}
