/** One contact: who it is, whether we may write and call, and everything that happened. */
import "@mantine/core/styles/Tabs.css";
import { Button, Select, Skeleton, Tabs } from "@mantine/core";
import { useMediaQuery } from "@mantine/hooks";
import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { ArrowLeft, Ban, MapPin, MessageSquareText, User } from "lucide-react";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { Avatar } from "../../components/avatar";
import { CordState } from "../../components/cord-state";
import { useLeft } from "../../components/left";
import { PageHead } from "../../components/page-head";
import { ApiError, api } from "../../lib/api";
import type { Contact, PhoneNumber } from "../../lib/api-types";
import { useNow } from "../../lib/clock";
import type { ContactTab } from "../../lib/contact-search";
import { country } from "../../lib/format";
import { currentLocale } from "../../lib/i18n";
import { phone } from "../../lib/softphone/phone";
import { contacts } from "./api";
import { ConsentTab } from "./consent-tab";
import styles from "./contact-page.module.css";
import { DetailsTab } from "./details-tab";
import { contactName, contactPhone, windowOpen } from "./names";
import { MessagesTab, TimelineTab } from "./thread-tabs";
import { useNewsOf } from "./use-thread";

/** What other subjects bring to the page; they are joined by its route. */
export interface ContactParts {
  /** The Call button, its line of warning, and the reasons when they are open. */
  button: ReactNode;
  warning: ReactNode;
  reasons: ReactNode;
  wallet: ReactNode;
}

function Facts({ contact }: { contact: Contact }) {
  const { t } = useTranslation("office");
  const now = useNow() + phone.getState().offsetMs;
  const place = country(contact.country, currentLocale());
  const second = contactPhone(contact);
  const left = useLeft();
  return (
    <span className={styles.facts}>
      {second !== null && <span className="figures">{second}</span>}
      {contact.username !== null && contact.name !== null && <span>@{contact.username.replace(/^@/, "")}</span>}
      {place !== null && (
        <span>
          <MapPin size={15} strokeWidth={1.75} aria-hidden="true" />
          {place}
        </span>
      )}
      {contact.owner !== null && (
        <span>
          <User size={15} strokeWidth={1.75} aria-hidden="true" />
          {t("contact.owned_by", { name: contact.owner.name })}
        </span>
      )}
      <span>
        <MessageSquareText size={15} strokeWidth={1.75} aria-hidden="true" />
        {contact.window_until !== null && windowOpen(contact, now)
          ? t("contact.window_closes", { left: left(contact.window_until, now) })
          : t("contact.window_closed")}
      </span>
      {contact.do_not_call && (
        <span className={styles.never}>
          <Ban size={15} strokeWidth={1.75} aria-hidden="true" />
          {t("contacts.do_not_call")}
        </span>
      )}
    </span>
  );
}

function Loaded(props: {
  contact: Contact;
  numbers: PhoneNumber[];
  number: PhoneNumber | undefined;
  tab: ContactTab;
  parts: ContactParts;
}) {
  const { t } = useTranslation("office");
  const navigate = useNavigate({ from: "/contacts/$id" });
  const { contact, numbers, number, parts } = props;
  const narrow = useMediaQuery("(max-width: 1279px)", false, { getInitialValueInEffect: false }) ?? false;
  // Where there is no room for a column at the right, the wallet is a tab.
  const tab = props.tab === "permission" && !narrow ? "consent" : props.tab;
  const open = (next: ContactTab) => void navigate({ search: (before) => ({ ...before, tab: next }), replace: true });
  const choose = (next: string | null) =>
    void navigate({ search: (before) => ({ ...before, number: next ?? undefined }), replace: true });
  const tabs: ContactTab[] = ["timeline", "messages", "consent", ...(narrow ? ["permission" as const] : []), "details"];
  return (
    <>
      <PageHead
        title={contactName(contact) ?? t("contacts.nameless")}
        before={<Avatar name={contactName(contact)} size={52} />}
        actions={
          <div className={styles.actions}>
            {numbers.length > 1 && (
              <Select
                className={styles.from}
                aria-label={t("contact.from")}
                data={numbers.map((each) => ({ value: each.id, label: each.name }))}
                value={number?.id ?? null}
                allowDeselect={false}
                onChange={choose}
              />
            )}
            {parts.button}
          </div>
        }
      >
        <Facts contact={contact} />
      </PageHead>
      {parts.warning}
      <Tabs value={tab} onChange={(value) => value !== null && open(value as ContactTab)} keepMounted={false}>
        <Tabs.List className={styles.tabs} aria-label={t("contact.parts")}>
          {tabs.map((each) => (
            <Tabs.Tab key={each} value={each}>
              {t(`contact.tab_${each}`)}
            </Tabs.Tab>
          ))}
        </Tabs.List>
        <div className={styles.columns} data-wide={!narrow || undefined}>
          <div className={styles.main}>
            {parts.reasons}
            <Tabs.Panel value="timeline">
              <TimelineTab contact={contact} number={number} />
            </Tabs.Panel>
            <Tabs.Panel value="messages">
              <MessagesTab contact={contact} number={number} />
            </Tabs.Panel>
            <Tabs.Panel value="consent">
              <ConsentTab contact={contact} />
            </Tabs.Panel>
            {narrow && <Tabs.Panel value="permission">{parts.wallet}</Tabs.Panel>}
            <Tabs.Panel value="details">
              <DetailsTab contact={contact} />
            </Tabs.Panel>
          </div>
          {!narrow && <div className={styles.right}>{parts.wallet}</div>}
        </div>
      </Tabs>
    </>
  );
}

/** `children` makes of the contact and the chosen number what other subjects show of it. */
export function ContactPage(props: {
  children: (
    contact: Contact,
    number: PhoneNumber | undefined,
    numbers: PhoneNumber[],
    draw: (parts: ContactParts) => ReactNode,
  ) => ReactNode;
}) {
  const { t } = useTranslation("office");
  const { t: common } = useTranslation();
  const { id } = useParams({ from: "/shell/contacts/$id" });
  const { tab, number: wanted, ...list } = useSearch({ from: "/shell/contacts/$id" });
  const query = useQuery({
    queryKey: ["contact", id],
    queryFn: () => contacts.one(id),
    staleTime: 0,
    refetchInterval: 30_000,
  });
  useNewsOf(id);
  const numbers = useQuery({ queryKey: ["numbers"], queryFn: api.numbers });
  const back = (
    <Link to="/contacts" search={list} className={styles.back}>
      <ArrowLeft size={16} strokeWidth={1.75} aria-hidden="true" />
      {t("contact.back")}
    </Link>
  );
  if (query.isPending || numbers.isPending) {
    return (
      <div role="status" aria-label={common("app.loading")}>
        {back}
        <Skeleton height={52} mb={20} />
        <Skeleton height={320} />
      </div>
    );
  }
  if (query.data === undefined) {
    const gone = query.error instanceof ApiError && query.error.status === 404;
    return (
      <>
        {back}
        <CordState
          kind={gone ? "filtered" : "error"}
          heading="h1"
          title={t(gone ? "contact.not_found_title" : "contact.error_title")}
          actions={!gone && <Button onClick={() => void query.refetch()}>{common("calls.try_again")}</Button>}
        >
          {gone ? t("contact.not_found") : common("calls.error")}
        </CordState>
      </>
    );
  }
  const contact = query.data;
  const items = numbers.data?.items ?? [];
  const number = items.find((each) => each.id === wanted) ?? items[0];
  return (
    <>
      {back}
      {props.children(contact, number, items, (parts) => (
        <Loaded contact={contact} numbers={items} number={number} tab={tab ?? "timeline"} parts={parts} />
      ))}
    </>
  );
}
