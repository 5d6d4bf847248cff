/** "1 change not saved", Discard and Save, which says where it goes; leaving the page with changes asks first. */
import { Button, Modal } from "@mantine/core";
import { useBlocker } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import styles from "./form.module.css";

interface Guarded {
  count: number;
  /** May this address be opened without losing anything? Other parts of the same form may. */
  keeps?: (pathname: string) => boolean;
}

/** Asks before changes are lost, on a page that shows none of them just now. */
export function LeaveGuard(props: Guarded) {
  const { t } = useTranslation();
  const leaving = useBlocker({
    shouldBlockFn: ({ next }) => props.count > 0 && props.keeps?.(next.pathname) !== true,
    enableBeforeUnload: () => props.count > 0,
    withResolver: true,
  });
  if (leaving.status !== "blocked") return null;
  return (
    <Modal
      opened
      onClose={leaving.reset}
      title={t("form.leave_title", { count: props.count })}
      closeButtonProps={{ "aria-label": t("app.close") }}
    >
      <div className={styles.fields}>
        <p>{t("form.leave")}</p>
        <div className={styles.buttons}>
          <Button variant="default" onClick={leaving.reset} data-autofocus>
            {t("form.stay")}
          </Button>
          <Button className={styles.destructive} onClick={leaving.proceed}>
            {t("form.leave_anyway")}
          </Button>
        </div>
      </div>
    </Modal>
  );
}

export function SaveBar(
  props: Guarded & {
    saving: boolean;
    onSave: () => void;
    onDiscard: () => void;
    /** What the filled button says, when saving goes further than to this server. */
    action?: string;
    /** Another way to save, beside it. */
    other?: { label: string; run: () => void };
  },
) {
  const { t } = useTranslation();
  return (
    <div className={styles.save}>
      <span role="status">{props.count > 0 && t("form.not_saved", { count: props.count })}</span>
      {props.count > 0 && (
        <>
          <Button variant="default" onClick={props.onDiscard} disabled={props.saving}>
            {t("form.discard")}
          </Button>
          {props.other !== undefined && (
            <Button variant="default" onClick={props.other.run} disabled={props.saving}>
              {props.other.label}
            </Button>
          )}
          <Button onClick={props.onSave} loading={props.saving}>
            {props.action ?? t("form.save")}
          </Button>
        </>
      )}
      <LeaveGuard count={props.count} {...(props.keeps === undefined ? {} : { keeps: props.keeps })} />
    </div>
  );
}
