import { Link, useNavigate } from "@tanstack/react-router";
import { Ban, MessageSquareText } from "lucide-react";
import { memo } from "react";
import { useTranslation } from "react-i18next";
import { Avatar } from "../../components/avatar";
import type { Contact } from "../../lib/api-types";
import type { ContactsSearch } from "../../lib/contact-search";
import { clockTime, country, exactTime, listTime, sameDay } from "../../lib/format";
import { currentLocale } from "../../lib/i18n";
import { phone } from "../../lib/softphone/phone";
import styles from "./contacts.module.css";
import { contactName, contactPhone, lastSeen, windowOpen } from "./names";

export function ContactMarks({ contact }: { contact: Contact }) {
  const { t } = useTranslation("office");
  if (contact.do_not_call) {
    return (
      <span className={styles.mark} data-tone="bad">
        <Ban size={15} strokeWidth={1.75} aria-hidden="true" />
        {t("contacts.do_not_call")}
      </span>
    );
  }
  if (windowOpen(contact, Date.now() + phone.getState().offsetMs)) {
    return (
      <span className={styles.mark} data-tone="ok">
        <MessageSquareText size={15} strokeWidth={1.75} aria-hidden="true" />
        {t("contacts.window_open")}
      </span>
    );
  }
  return <span className="dim">{t("contacts.window_closed")}</span>;
}

interface RowProps {
  contact: Contact;
  index: number;
  top: number;
  narrow: boolean;
  search: ContactsSearch;
}

/** Drawn again only when its own contact, place or language changes. */
export const ContactRow = memo(function ContactRow({ contact, index, top, narrow, search }: RowProps) {
  const { t } = useTranslation("office");
  const { t: common } = useTranslation();
  const navigate = useNavigate();
  const language = currentLocale();
  const known = contactName(contact);
  const second = contactPhone(contact);
  const at = lastSeen(contact);
  const when = listTime(at, new Date(), language, { today: common("app.today"), yesterday: common("app.yesterday") });
  const link = (
    <Link to="/contacts/$id" params={{ id: contact.id }} search={search} className={styles.name}>
      {known ?? t("contacts.nameless")}
    </Link>
  );
  const open = () => void navigate({ to: "/contacts/$id", params: { id: contact.id }, search });
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the link in the row is what the keyboard uses; the row only widens it.
    <div
      className={styles.row}
      role="row"
      tabIndex={-1}
      aria-rowindex={index}
      style={{ transform: `translateY(${top}px)` }}
      onClick={open}
    >
      {narrow ? (
        <>
          <span role="cell">
            <Avatar name={known} size={36} />
          </span>
          <span role="cell" className={styles.two}>
            {link}
            <span className={styles.second}>
              <ContactMarks contact={contact} />
              {second !== null && <span className="figures">{second}</span>}
            </span>
          </span>
          <span role="cell" className="figures dim">
            {sameDay(new Date(at), new Date())
              ? clockTime(at, language)
              : new Date(at).toLocaleDateString(language, { day: "numeric", month: "short" })}
          </span>
        </>
      ) : (
        <>
          <span role="cell" data-column="contact">
            <Avatar name={known} size={28} />
            {link}
            {second !== null && <span className="dim figures">{second}</span>}
          </span>
          <span role="cell" data-column="country">
            {country(contact.country, language) ?? "—"}
          </span>
          <span role="cell" data-column="owner">
            {contact.owner?.name ?? "—"}
          </span>
          <span role="cell" data-column="tags">
            {contact.tags.slice(0, 2).map((tag) => (
              <span key={tag} className={styles.chip}>
                {tag}
              </span>
            ))}
            {contact.tags.length > 2 && <span className="dim">+{contact.tags.length - 2}</span>}
          </span>
          <span role="cell" data-column="state">
            <ContactMarks contact={contact} />
          </span>
          <span role="cell" data-column="last" className="figures" title={exactTime(at, language)}>
            {when}
          </span>
        </>
      )}
    </div>
  );
});
