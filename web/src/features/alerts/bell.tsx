/** The bell of the top bar: how many things need somebody, and each with what to do. */
import { Button, Popover, UnstyledButton } from "@mantine/core";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Bell as BellIcon, TriangleAlert } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useTime } from "../../components/time";
import { api } from "../../lib/api";
import type { Alert } from "../../lib/api-types";
import { meQuery } from "../../lib/session";
import { toast } from "../../lib/toast";
import { useTrouble } from "../../lib/trouble";
import { useAlertWords } from "./alert-words";
import styles from "./alerts.module.css";
import { alerts } from "./api";
import { useAlerts } from "./use-alerts";

export function Bell() {
  const { t } = useTranslation("office");
  const { t: common } = useTranslation();
  const [opened, setOpened] = useState(false);
  const { query, open } = useAlerts();
  const unseen = open.filter((alert) => alert.acknowledged_at === null).length;
  return (
    <Popover position="bottom-end" shadow="md" width={380} opened={opened} onChange={setOpened} trapFocus>
      <Popover.Target>
        <UnstyledButton
          className={styles.bell}
          aria-label={unseen === 0 ? t("alerts.title") : t("alerts.unseen", { count: unseen })}
          aria-expanded={opened}
          onClick={() => setOpened(!opened)}
        >
          <BellIcon size={20} strokeWidth={1.75} aria-hidden="true" />
          {unseen > 0 && <span className={styles.count}>{unseen > 9 ? "9+" : unseen}</span>}
        </UnstyledButton>
      </Popover.Target>
      <Popover.Dropdown className={styles.list} aria-label={t("alerts.title")}>
        <p className={styles.heading}>{t("alerts.title")}</p>
        {query.isPending ? (
          <p className="dim">{common("app.loading")}</p>
        ) : query.data === undefined ? (
          <p className="dim">{common("page.load_failed")}</p>
        ) : open.length === 0 ? (
          <p className="dim">{t("alerts.none")}</p>
        ) : (
          <ul>
            {open.map((alert) => (
              <One key={alert.id} alert={alert} />
            ))}
          </ul>
        )}
      </Popover.Dropdown>
    </Popover>
  );
}

function One({ alert }: { alert: Alert }) {
  const { t } = useTranslation("office");
  const words = useAlertWords();
  const trouble = useTrouble();
  const time = useTime();
  const queries = useQueryClient();
  const { title, remedy } = words(alert, useNumberName(alert.number_id));
  const can = useQuery(meQuery).data?.can;
  const seen = () =>
    alerts.acknowledge(alert.id).then(
      () => queries.invalidateQueries({ queryKey: ["alerts"] }),
      (error) => toast({ color: "red", message: trouble(error) }),
    );
  return (
    <li className={styles.one} data-seen={alert.acknowledged_at !== null || undefined}>
      <TriangleAlert size={18} strokeWidth={1.75} aria-hidden="true" />
      <div>
        <p className={styles.title}>{title}</p>
        <p>{remedy}</p>
        <p className={styles.since}>
          {time(alert.since)}
          {alert.acknowledged_at === null && can?.administer === true && (
            <Button variant="subtle" size="compact-sm" onClick={() => void seen()}>
              {t("alerts.seen")}
            </Button>
          )}
        </p>
      </div>
    </li>
  );
}

export function useNumberName(id: string | null): string | null {
  const numbers = useQuery({ queryKey: ["numbers"], queryFn: api.numbers, enabled: id !== null });
  return numbers.data?.items.find((number) => number.id === id)?.name ?? null;
}
