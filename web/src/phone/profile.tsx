/** The business's profile on the customer's phone, as far as calls go: may it call? */
import { useTranslation } from "react-i18next";
import { currentLocale } from "../lib/i18n";
import styles from "./phone.module.css";
import type { Permission, PermissionAnswer } from "./simulator";

export function Profile(props: { permission: Permission | null; onSet: (answer: PermissionAnswer) => void }) {
  const { t } = useTranslation("phone");
  const permission = props.permission ?? { status: "no_permission" };
  const granted = permission.status !== "no_permission";
  const until =
    permission.status === "temporary"
      ? new Date(permission.until * 1000).toLocaleString(currentLocale(), { dateStyle: "medium", timeStyle: "short" })
      : "";
  return (
    <section className={styles.card}>
      <h2>{t("phone.profile")}</h2>
      <div className={styles.switch}>
        <span id="may-call">{t("phone.may_call")}</span>
        <button
          type="button"
          role="switch"
          aria-checked={granted}
          aria-labelledby="may-call"
          disabled={props.permission === null}
          onClick={() => props.onSet(granted ? "decline" : "permanent")}
        >
          <span aria-hidden="true" />
        </button>
      </div>
      <p className="dim" data-testid="phone-permission" data-status={permission.status}>
        {t(`phone.permission_${permission.status}`, { until })}
      </p>
      {permission.status === "temporary" && (
        <button type="button" className={styles.inline} onClick={() => props.onSet("permanent")}>
          {t("phone.allow_always")}
        </button>
      )}
    </section>
  );
}
