/** Filters of the list; they live in the address, not here. */
import { SegmentedControl, Select, TextInput } from "@mantine/core";
import { useNavigate } from "@tanstack/react-router";
import { Search } from "lucide-react";
import { useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { type CallSearch, DIRECTIONS, STATUSES } from "../../lib/call-search";
import styles from "./calls.module.css";

/** Typing is a question only once it pauses. */
const SETTLES_AFTER_MS = 250;

export function CallFilters({ search }: { search: CallSearch }) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const [words, setWords] = useState(search.search ?? "");
  const asked = useRef(search.search ?? "");
  useEffect(() => {
    // Cleared or changed from outside: by "Clear all" or by going back.
    if ((search.search ?? "") === asked.current) return;
    asked.current = search.search ?? "";
    setWords(asked.current);
  }, [search.search]);
  useEffect(() => {
    const text = words.trim();
    if (text === asked.current) return undefined;
    const timer = setTimeout(() => {
      asked.current = text;
      void navigate({
        to: "/calls",
        search: (before) => ({ ...before, search: text === "" ? undefined : text }),
        replace: true,
      });
    }, SETTLES_AFTER_MS);
    return () => clearTimeout(timer);
  }, [words, navigate]);
  const change = (part: CallSearch) => void navigate({ to: "/calls", search: (before) => ({ ...before, ...part }) });
  return (
    <search className={styles.filters}>
      <TextInput
        className={styles.search}
        aria-label={t("calls.search")}
        placeholder={t("calls.search")}
        leftSection={<Search size={16} strokeWidth={1.75} aria-hidden="true" />}
        value={words}
        onChange={(event) => setWords(event.currentTarget.value)}
      />
      <SegmentedControl
        aria-label={t("calls.direction")}
        value={search.direction ?? "all"}
        onChange={(value) => change({ direction: DIRECTIONS.find((each) => each === value) })}
        data={[
          { value: "all", label: t("calls.all") },
          { value: "incoming", label: t("calls.incoming") },
          { value: "outgoing", label: t("calls.outgoing") },
        ]}
      />
      <Select
        className={styles.status}
        aria-label={t("calls.status_filter")}
        value={search.status ?? ""}
        allowDeselect={false}
        onChange={(value) => change({ status: STATUSES.find((each) => each === value) })}
        data={[
          { value: "", label: t("calls.any_status") },
          ...STATUSES.map((status) => ({ value: status, label: t(`status.${status}`) })),
        ]}
      />
    </search>
  );
}
