/** Asks before something that cannot be taken back: names the thing and its cost; Cancel has the focus. */
import { Button, Modal } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { useTrouble } from "../lib/trouble";
import styles from "./form.module.css";

export function ConfirmDialog(props: {
  title: string;
  /** The verb of the button that does it. */
  action: string;
  run: () => Promise<unknown>;
  onClose: () => void;
  children: ReactNode;
}) {
  const { t } = useTranslation();
  const words = useTrouble();
  const act = useMutation({ mutationFn: props.run, onSuccess: props.onClose });
  return (
    <Modal opened onClose={props.onClose} title={props.title} closeButtonProps={{ "aria-label": t("app.close") }}>
      <div className={styles.fields}>
        <div className={styles.cost}>{props.children}</div>
        {act.isError && (
          <p className={styles.trouble} role="alert">
            {words(act.error)}
          </p>
        )}
        <div className={styles.buttons}>
          <Button variant="default" onClick={props.onClose} data-autofocus>
            {t("app.cancel")}
          </Button>
          <Button className={styles.destructive} loading={act.isPending} onClick={() => act.mutate()}>
            {props.action}
          </Button>
        </div>
      </div>
    </Modal>
  );
}
