/** What one customer allows one of our numbers: state, limits, history; asking him, and asking Meta again. */
import { Button, Skeleton } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { ChevronDown, ChevronUp, RefreshCw } from "lucide-react";
import { useId, useState } from "react";
import { useTranslation } from "react-i18next";
import { QueryTrouble } from "../../components/query-view";
import { useTime } from "../../components/time";
import type { PermissionStatus, Wallet, WalletEntry } from "../../lib/api-types";
import { useServerWords } from "../../lib/i18n";
import { phone } from "../../lib/softphone/phone";
import { toast } from "../../lib/toast";
import { useTrouble } from "../../lib/trouble";
import { permissions, walletKey } from "./api";
import styles from "./permissions.module.css";
import { mayAsk } from "./wallet";
import { WalletMeter } from "./wallet-meter";

const TONES: Record<PermissionStatus, "ok" | "warn" | "bad" | "quiet"> = {
  none: "quiet",
  requested: "warn",
  temporary: "ok",
  permanent: "ok",
  denied: "bad",
  revoked: "bad",
  expired: "bad",
};

function History({ entries }: { entries: WalletEntry[] }) {
  const { t } = useTranslation("office");
  const words = useServerWords("office");
  const time = useTime();
  const [open, setOpen] = useState(false);
  const list = useId();
  if (entries.length === 0) return null;
  const Arrow = open ? ChevronUp : ChevronDown;
  return (
    <div className={styles.history}>
      <Button
        variant="subtle"
        size="compact-sm"
        aria-expanded={open}
        aria-controls={list}
        rightSection={<Arrow size={16} strokeWidth={1.75} aria-hidden="true" />}
        onClick={() => setOpen(!open)}
      >
        {t("wallet.history", { count: entries.length })}
      </Button>
      <ol id={list} hidden={!open}>
        {entries.map((entry) => (
          <li key={`${entry.at} ${entry.event}`}>
            <span>
              {words(`wallet.event_${entry.event}`) ?? entry.event}
              {entry.source !== null && (
                <span className="dim"> {words(`wallet.source_${entry.source}`) ?? entry.source}</span>
              )}
            </span>
            <span className="dim">{time(entry.at)}</span>
          </li>
        ))}
      </ol>
    </div>
  );
}

export function WalletPanel(props: { contactId: string; numberId: string; numberName: string; onAsk: () => void }) {
  const { t } = useTranslation("office");
  const trouble = useTrouble();
  const queries = useQueryClient();
  const heading = useId();
  const key = walletKey(props.contactId, props.numberId);
  const query = useQuery({
    queryKey: key,
    queryFn: () => permissions.wallet(props.contactId, props.numberId),
    staleTime: 0,
    refetchInterval: 30_000,
  });
  const again = useMutation({
    mutationFn: () => permissions.refresh(props.contactId, props.numberId),
    onSuccess: () => {
      void queries.invalidateQueries({ queryKey: key });
      void queries.invalidateQueries({ queryKey: ["eligibility"] });
      toast({ message: t("wallet.refreshed") });
    },
    onError: (error) => toast({ color: "red", message: trouble(error) }),
  });
  const wallet: Wallet | undefined = query.data;
  return (
    <section className={styles.card} aria-labelledby={heading} data-testid="wallet">
      <header className={styles.head}>
        <div>
          <h2 id={heading}>{t("wallet.title")}</h2>
          <p className="dim">{props.numberName}</p>
        </div>
        {wallet !== undefined && (
          <span className={styles.status} data-tone={TONES[wallet.status]} data-testid="wallet-status">
            {t(`wallet.status_${wallet.status}`)}
          </span>
        )}
      </header>
      {query.isPending && (
        <div className={styles.limits} role="status" aria-label={t("wallet.title")}>
          <Skeleton height={28} />
          <Skeleton height={120} />
        </div>
      )}
      {query.isError && wallet === undefined && <QueryTrouble error={query.error} again={() => void query.refetch()} />}
      {wallet !== undefined && (
        <>
          <WalletMeter wallet={wallet} />
          <div className={styles.acts}>
            <Button variant="default" onClick={props.onAsk} data-testid="ask-permission" fullWidth>
              {t("wallet.ask")}
            </Button>
            <Button
              variant="subtle"
              size="compact-sm"
              leftSection={<RefreshCw size={15} strokeWidth={1.75} aria-hidden="true" />}
              loading={again.isPending}
              onClick={() => again.mutate()}
            >
              {t("wallet.refresh")}
            </Button>
          </div>
          <History entries={wallet.history} />
        </>
      )}
    </section>
  );
}

/** "1 of 2 asked this week", under the button that asks. */
export function useAskHint(contactId: string, numberId: string | undefined): string | null {
  const { t } = useTranslation("office");
  const wallet = useQuery({
    queryKey: walletKey(contactId, numberId ?? ""),
    queryFn: () => permissions.wallet(contactId, numberId ?? ""),
    enabled: numberId !== undefined,
  }).data;
  if (wallet === undefined || mayAsk(wallet, Date.now() + phone.getState().offsetMs).kind === "needless") return null;
  return t("wallet.asked_hint", { used: wallet.requests.used_week, max: wallet.requests.max_week });
}
