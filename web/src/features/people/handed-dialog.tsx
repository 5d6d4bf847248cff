/** A link that lets somebody in: mailed where the server has e-mail, and to be handed on by hand where it has not. */
import { Button, Modal } from "@mantine/core";
import { MailCheck, MailX } from "lucide-react";
import { useTranslation } from "react-i18next";
import { CopyField } from "../../components/copy-field";
import styles from "../../components/form.module.css";

interface HandedProps {
  kind: "invite" | "reset";
  name: string;
  link: string;
  mailed: boolean;
  onClose: () => void;
}

export function Handed({ kind, name, link, mailed, onClose }: HandedProps) {
  const { t } = useTranslation("office");
  const Icon = mailed ? MailCheck : MailX;
  return (
    <div className={styles.fields}>
      <p className={mailed ? styles.notice : styles.warned}>
        <span>
          <Icon size={18} strokeWidth={1.75} aria-hidden="true" style={{ verticalAlign: "text-bottom" }} />{" "}
          {t(mailed ? "people.mailed" : "people.not_mailed", { name })}
        </span>
      </p>
      <CopyField label={t("people.link")} description={t(`people.${kind}_link_hint`)} value={link} />
      <div className={styles.buttons}>
        <Button onClick={onClose}>{t("people.done")}</Button>
      </div>
    </div>
  );
}

export function HandedDialog(props: HandedProps) {
  const { t } = useTranslation("office");
  const { t: common } = useTranslation();
  return (
    <Modal
      opened
      onClose={props.onClose}
      title={t("people.reset_title", { name: props.name })}
      closeButtonProps={{ "aria-label": common("app.close") }}
    >
      <Handed {...props} />
    </Modal>
  );
}
