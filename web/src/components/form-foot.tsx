/** The foot of a form in a dialog: what went wrong, the way out, and the button that sends it. */
import { Button } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { useTrouble } from "../lib/trouble";
import styles from "./form.module.css";

export function FormFoot(props: {
  /** The request that sends the form. */
  sent: { isError: boolean; isPending: boolean; error: unknown };
  /** The verb of the button; "Save" when nothing else is said. */
  action?: string;
  onClose: () => void;
}) {
  const { t } = useTranslation();
  const words = useTrouble();
  return (
    <>
      {props.sent.isError && (
        <p className={styles.trouble} role="alert">
          {words(props.sent.error)}
        </p>
      )}
      <div className={styles.buttons}>
        <Button variant="default" onClick={props.onClose}>
          {t("app.cancel")}
        </Button>
        <Button type="submit" loading={props.sent.isPending}>
          {props.action ?? t("form.save")}
        </Button>
      </div>
    </>
  );
}
