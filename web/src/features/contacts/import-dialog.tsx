/** A CSV file of contacts: a look into it, then its way to the server, then what became of each line. */
import "@mantine/core/styles/Progress.css";
import { Button, FileButton, Modal, Progress } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { FileUp } from "lucide-react";
import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { DataTable } from "../../components/data-table";
import styles from "../../components/form.module.css";
import { decimal } from "../../lib/format";
import { currentLocale, useServerWords } from "../../lib/i18n";
import { useTrouble } from "../../lib/trouble";
import { contacts, type ImportResult } from "./api";
import { COLUMNS, type CsvPreview, preview } from "./csv";
import own from "./import-dialog.module.css";

const ASK_EVERY_MS = 700;
/** More refused lines than anybody reads; the rest is counted. */
const SHOWN = 100;

function Look({ seen }: { seen: CsvPreview }) {
  const { t } = useTranslation("office");
  return (
    <>
      <p>{t("import.lines", { count: seen.lines })}</p>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what is wider than its place is scrolled by the keys, too. */}
      <section className={own.scroll} tabIndex={0} aria-label={t("import.preview")}>
        <table className={own.table}>
          <caption className="sr-only">{t("import.preview")}</caption>
          <thead>
            <tr>
              {seen.header.map((name) => (
                <th key={name} scope="col" data-unknown={seen.unknown.includes(name) || undefined}>
                  {name}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {seen.rows.map((row) => (
              <tr key={row.join("\u0000")}>
                {seen.header.map((name, place) => (
                  <td key={name}>{row[place] ?? ""}</td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </section>
      {seen.unknown.length > 0 && (
        <p className={styles.warned}>{t("import.unknown", { columns: seen.unknown.join(", ") })}</p>
      )}
    </>
  );
}

function Outcome({ result }: { result: ImportResult }) {
  const { t } = useTranslation("office");
  const words = useServerWords("office");
  const number = (value: number) => decimal(value, currentLocale(), 0);
  return (
    <>
      <p role="status">
        {t("import.outcome", {
          created: number(result.created),
          updated: number(result.updated),
          refused: number(result.refused_count),
        })}
      </p>
      {result.refused.length > 0 && (
        <>
          {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a long list is scrolled by the keys, too. */}
          <section className={own.refused} tabIndex={0} aria-label={t("import.refused")}>
            <DataTable
              caption={t("import.refused")}
              rows={result.refused.slice(0, SHOWN)}
              keyOf={(line) => `${line.line} ${line.field}`}
              columns={[
                { key: "line", head: t("import.line"), cell: (line) => t("import.line_of", { line: line.line }) },
                { key: "field", head: t("import.field"), cell: (line) => line.field },
                { key: "why", head: t("import.why"), cell: (line) => words(`import.why_${line.why}`) ?? line.why },
              ]}
            />
          </section>
          {result.refused_count > SHOWN && (
            <p className="dim">{t("import.more_refused", { count: result.refused_count - SHOWN })}</p>
          )}
        </>
      )}
    </>
  );
}

export function ImportDialog({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation("office");
  const { t: common } = useTranslation();
  const trouble = useTrouble();
  const queries = useQueryClient();
  const [file, setFile] = useState<File | null>(null);
  const [seen, setSeen] = useState<CsvPreview | null>(null);
  useEffect(() => {
    if (file === null) return undefined;
    let current = true;
    void file.text().then((text) => current && setSeen(preview(text, file.size)));
    return () => {
      current = false;
    };
  }, [file]);
  const send = useMutation({
    mutationFn: (chosen: File) => contacts.import(new Blob([chosen], { type: "text/csv" })),
    onSuccess: () => void queries.invalidateQueries({ queryKey: ["contacts"] }),
  });
  const job = send.data?.id ?? null;
  const progress = useQuery({
    queryKey: ["contact-import", job],
    queryFn: () => contacts.importState(job ?? ""),
    enabled: job !== null && send.data?.finished_at === null,
    refetchInterval: ({ state }) =>
      state.data === undefined || state.data.finished_at === null ? ASK_EVERY_MS : false,
  });
  const result = progress.data ?? send.data ?? null;
  const finished = result !== null && result.finished_at !== null;
  const running = send.isPending || (result !== null && !finished);
  useEffect(() => {
    if (finished) void queries.invalidateQueries({ queryKey: ["contacts"] });
  }, [finished, queries]);
  const share = result === null || result.lines === 0 ? null : (result.lines_done / result.lines) * 100;
  return (
    <Modal
      opened
      onClose={onClose}
      size="lg"
      title={t("import.title")}
      closeButtonProps={{ "aria-label": common("app.close") }}
    >
      <div className={styles.fields}>
        {!finished && (
          <>
            <p className={styles.cost}>{t("import.explain")}</p>
            <p className={`${own.columns} mono`}>{COLUMNS.join(", ")}</p>
            <div className={own.file}>
              <FileButton accept=".csv,text/csv" onChange={(chosen) => setFile(chosen)}>
                {(props) => (
                  <Button
                    {...props}
                    variant="default"
                    disabled={running}
                    data-autofocus
                    leftSection={<FileUp size={18} strokeWidth={1.75} aria-hidden="true" />}
                  >
                    {t(file === null ? "import.choose" : "import.choose_other")}
                  </Button>
                )}
              </FileButton>
              {file !== null && <span className={own.name}>{file.name}</span>}
            </div>
            {seen !== null && seen.trouble !== null && (
              <p className={styles.trouble} role="alert">
                {t(`import.trouble_${seen.trouble}`)}
              </p>
            )}
            {seen !== null && seen.trouble === null && <Look seen={seen} />}
          </>
        )}
        {running && (
          <div role="status" aria-label={t("import.running")}>
            <p>{t("import.running")}</p>
            <Progress value={share ?? 100} animated={share === null} aria-label={t("import.running")} mt={6} />
          </div>
        )}
        {finished && <Outcome result={result} />}
        {send.isError && (
          <p className={styles.trouble} role="alert">
            {trouble(send.error)}
          </p>
        )}
        <div className={styles.buttons}>
          {finished ? (
            <Button onClick={onClose}>{t("people.done")}</Button>
          ) : (
            <>
              <Button variant="default" onClick={onClose}>
                {common("app.cancel")}
              </Button>
              <Button
                loading={running}
                disabled={file === null || seen === null || seen.trouble !== null || seen.unknown.length > 0}
                onClick={() => file !== null && send.mutate(file)}
              >
                {t("import.send")}
              </Button>
            </>
          )}
        </div>
      </div>
    </Modal>
  );
}
