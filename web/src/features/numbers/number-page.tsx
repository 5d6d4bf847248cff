/** One number: its parts in the inner column, their changes collected until they are saved together. */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import { ArrowLeft } from "lucide-react";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { CordState } from "../../components/cord-state";
import styles from "../../components/form.module.css";
import { PageHead } from "../../components/page-head";
import { QueryTrouble, RowsSkeleton } from "../../components/query-view";
import { LeaveGuard, SaveBar } from "../../components/save-bar";
import { Sections } from "../../components/sections";
import { Standing } from "../../components/standing";
import { ApiError } from "../../lib/api";
import type { NumberSettings } from "../../lib/api-types";
import { type Draft, useDraft } from "../../lib/draft";
import { toast } from "../../lib/toast";
import { useTrouble } from "../../lib/trouble";
import { numbers } from "./api";
import { CallingSection } from "./calling-section";
import { ConnectionSection } from "./connection-section";
import { HoursSection } from "./hours-section";
import { LimitsSection } from "./limits-section";
import { LinkSection } from "./link-section";
import { MessagesSection } from "./messages-section";
import own from "./numbers.module.css";
import { RecordingSection } from "./recording-section";
import { RingingSection } from "./ringing-section";
import { countIn, FIELDS, SECTIONS, type SectionName, sectionOf } from "./sections";
import { useNumberNews } from "./use-number-news";

export interface SectionProps {
  number: NumberSettings;
  draft: Draft<NumberSettings>;
}

/** Parts whose changes are collected together. */
const SHARED: Partial<Record<SectionName, (props: SectionProps) => ReactNode>> = {
  ringing: RingingSection,
  recording: RecordingSection,
  messages: MessagesSection,
};

/** Parts with a head and a save of their own. */
const OWN: Partial<Record<SectionName, (props: { number: NumberSettings }) => ReactNode>> = {
  calling: CallingSection,
  hours: HoursSection,
  limits: LimitsSection,
  link: LinkSection,
  connection: ConnectionSection,
};

function Loaded({ number, section }: { number: NumberSettings; section: SectionName }) {
  const { t } = useTranslation("office");
  const words = useTrouble();
  const queries = useQueryClient();
  const draft = useDraft(number);
  const save = useMutation({
    mutationFn: () => numbers.change(number.id, draft.changes),
    onSuccess: (saved) => {
      queries.setQueryData(["number", number.id], saved);
      void queries.invalidateQueries({ queryKey: ["numbers"] });
      draft.discard();
      toast({ message: t("numbers.saved_toast", { name: saved.name }) });
    },
  });
  const Part = SHARED[section];
  const Own = OWN[section];
  const keeps = (path: string) => path.startsWith(`/numbers/${number.id}/`);
  return (
    <Sections
      label={t("numbers.parts", { name: number.name })}
      head={
        <div className={own.head}>
          <Link to="/numbers" className={own.back}>
            <ArrowLeft size={16} strokeWidth={1.75} aria-hidden="true" />
            {t("numbers.title")}
          </Link>
          <p className={own.name}>{number.name}</p>
          <p className="figures dim">{number.display_phone}</p>
          <Standing
            tone={number.calling_enabled ? "ok" : "quiet"}
            word={t(number.calling_enabled ? "numbers.calling_on" : "numbers.calling_off")}
          />
        </div>
      }
      groups={[
        {
          heading: null,
          sections: SECTIONS.map((each) => ({
            label: t(`number.${each}`),
            link: { to: "/numbers/$id/$section", params: { id: number.id, section: each } },
            current: each === section,
            changes: countIn(draft.changes, FIELDS[each] ?? []),
          })),
        },
      ]}
    >
      {Own !== undefined && (
        <>
          <LeaveGuard count={draft.count} keeps={keeps} />
          <Own key={section} number={number} />
        </>
      )}
      {Part !== undefined && (
        <>
          <PageHead
            key={section}
            title={t(`number.${section}`)}
            actions={
              <SaveBar
                count={draft.count}
                saving={save.isPending}
                onSave={() => save.mutate()}
                onDiscard={draft.discard}
                keeps={keeps}
              />
            }
          >
            {t(`number.${section}_explain`)}
          </PageHead>
          {save.isError && (
            <p className={styles.trouble} role="alert">
              {words(save.error)}
            </p>
          )}
          <Part number={number} draft={draft} />
        </>
      )}
    </Sections>
  );
}

export function NumberPage() {
  const { t } = useTranslation("office");
  const { t: common } = useTranslation();
  const params = useParams({ from: "/shell/numbers/$id/$section" });
  const query = useQuery({ queryKey: ["number", params.id], queryFn: () => numbers.one(params.id) });
  useNumberNews(params.id);
  const section = sectionOf(params.section);
  const missing = query.error instanceof ApiError && query.error.status === 404;
  if (query.isPending) return <RowsSkeleton />;
  if (missing || section === null) {
    return (
      <CordState
        kind="filtered"
        heading="h1"
        title={common("page.not_found_title")}
        actions={<Link to="/numbers">{t("numbers.title")}</Link>}
      >
        {common("page.not_found")}
      </CordState>
    );
  }
  if (query.data === undefined) return <QueryTrouble error={query.error} again={() => void query.refetch()} />;
  return <Loaded key={query.data.id} number={query.data} section={section} />;
}
