/** Everybody who talks with the business, the latest first. */
import { Autocomplete, Button, TextInput } from "@mantine/core";
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { FileUp, Search, Tag, UserPlus } from "lucide-react";
import { lazy, Suspense, useEffect, useMemo, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { CordState } from "../../components/cord-state";
import { PageHead } from "../../components/page-head";
import { QueryTrouble, RowsSkeleton } from "../../components/query-view";
import type { ContactsSearch } from "../../lib/contact-search";
import { meQuery } from "../../lib/session";
import { contacts } from "./api";
import { ContactTable } from "./contact-table";
import styles from "./contacts.module.css";

const AddDialog = lazy(() => import("./add-dialog").then((module) => ({ default: module.AddDialog })));
const ImportDialog = lazy(() => import("./import-dialog").then((module) => ({ default: module.ImportDialog })));

/** Typing is a question only once it pauses. */
const SETTLES_AFTER_MS = 250;

/** A field whose words go into the address when typing pauses, and follow the address when it changes from outside. */
function useSettling(said: string, settle: (words: string) => void): [string, (words: string) => void] {
  const [words, setWords] = useState(said);
  const asked = useRef(said);
  useEffect(() => {
    if (said === asked.current) return;
    asked.current = said;
    setWords(said);
  }, [said]);
  useEffect(() => {
    const text = words.trim();
    if (text === asked.current) return undefined;
    const timer = setTimeout(() => {
      asked.current = text;
      settle(text);
    }, SETTLES_AFTER_MS);
    return () => clearTimeout(timer);
  }, [words, settle]);
  return [words, setWords];
}

function Filters({ search, tags }: { search: ContactsSearch; tags: string[] }) {
  const { t } = useTranslation("office");
  const navigate = useNavigate();
  const change = useMemo(
    () => (part: keyof ContactsSearch) => (words: string) =>
      void navigate({
        to: "/contacts",
        search: (before) => ({ ...before, [part]: words === "" ? undefined : words }),
        replace: true,
      }),
    [navigate],
  );
  const [words, setWords] = useSettling(
    search.q ?? "",
    useMemo(() => change("q"), [change]),
  );
  const [tag, setTag] = useSettling(
    search.tag ?? "",
    useMemo(() => change("tag"), [change]),
  );
  return (
    <search className={styles.filters}>
      <TextInput
        className={styles.search}
        aria-label={t("contacts.search")}
        placeholder={t("contacts.search")}
        leftSection={<Search size={16} strokeWidth={1.75} aria-hidden="true" />}
        value={words}
        onChange={(event) => setWords(event.currentTarget.value)}
      />
      <Autocomplete
        className={styles.tag}
        aria-label={t("contacts.tag_filter")}
        placeholder={t("contacts.tag_filter")}
        leftSection={<Tag size={16} strokeWidth={1.75} aria-hidden="true" />}
        data={tags}
        value={tag}
        onChange={setTag}
      />
    </search>
  );
}

export function ContactsPage() {
  const { t } = useTranslation("office");
  const { t: common } = useTranslation();
  const search = useSearch({ from: "/shell/contacts" });
  const navigate = useNavigate();
  const can = useQuery(meQuery).data?.can;
  const [dialog, setDialog] = useState<"add" | "import" | null>(null);
  const list = useInfiniteQuery({
    queryKey: ["contacts", search] as const,
    queryFn: ({ pageParam }) => contacts.list(search, pageParam),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (last) => last.next_cursor ?? undefined,
    placeholderData: (before) => before,
  });
  const items = useMemo(() => list.data?.pages.flatMap((page) => page.items) ?? [], [list.data]);
  const tags = useMemo(() => [...new Set(items.flatMap((contact) => contact.tags))].sort(), [items]);
  const filtered = Object.keys(search).length > 0;
  // A page of a search may have found nobody yet: the next one goes on behind those it looked through.
  const { hasNextPage, isFetchingNextPage, isFetchNextPageError, fetchNextPage } = list;
  const searching = items.length === 0 && hasNextPage && !isFetchNextPageError;
  useEffect(() => {
    if (searching && !isFetchingNextPage) void fetchNextPage();
  }, [searching, isFetchingNextPage, fetchNextPage]);
  const add = (
    <Button leftSection={<UserPlus size={18} strokeWidth={1.75} aria-hidden="true" />} onClick={() => setDialog("add")}>
      {t("contacts.add")}
    </Button>
  );
  const load = can?.administer === true && (
    <Button
      variant="default"
      leftSection={<FileUp size={18} strokeWidth={1.75} aria-hidden="true" />}
      onClick={() => setDialog("import")}
    >
      {t("contacts.import")}
    </Button>
  );

  let content = <ContactTable contacts={items} search={search} list={list} />;
  if (list.isPending || searching) content = <RowsSkeleton />;
  else if (list.data === undefined || (items.length === 0 && isFetchNextPageError))
    content = <QueryTrouble error={list.error} again={() => void list.refetch()} />;
  else if (items.length === 0 && filtered) {
    content = (
      <CordState
        kind="filtered"
        title={common("calls.nothing_title")}
        actions={
          <Button variant="default" onClick={() => void navigate({ to: "/contacts", search: {} })}>
            {common("calls.clear")}
          </Button>
        }
      >
        {common("calls.nothing")}
      </CordState>
    );
  } else if (items.length === 0) {
    content = (
      <CordState kind="empty" title={t("contacts.empty_title")}>
        {t("contacts.empty")}
      </CordState>
    );
  }

  return (
    <>
      <PageHead
        title={t("contacts.title")}
        actions={
          <>
            {load}
            {add}
          </>
        }
      >
        {t("contacts.explain")}
      </PageHead>
      <Filters search={search} tags={tags} />
      {content}
      <Suspense>
        {dialog === "add" && <AddDialog onClose={() => setDialog(null)} />}
        {dialog === "import" && <ImportDialog onClose={() => setDialog(null)} />}
      </Suspense>
    </>
  );
}
