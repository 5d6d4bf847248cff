/** The calling settings of a number, here and at Meta; what is saved goes to Meta and is read back. */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { ApiError } from "../../lib/api";
import type { NumberSettings } from "../../lib/api-types";
import { toast } from "../../lib/toast";
import { useTrouble } from "../../lib/trouble";
import { type Calling, type CallingChange, numbers } from "./api";

export const callingKey = (number: string) => ["number-calling", number] as const;

export function useCalling(number: NumberSettings) {
  return useQuery({ queryKey: callingKey(number.id), queryFn: () => numbers.calling(number.id), staleTime: 0 });
}

/** Both ways that end with Meta's answer: saying what is wanted, and only asking. */
export function useToMeta(number: NumberSettings, onSaved: () => void) {
  const { t } = useTranslation("office");
  const queries = useQueryClient();
  const learnt = (calling: Calling) => {
    queries.setQueryData(callingKey(number.id), calling);
    void queries.invalidateQueries({ queryKey: ["number", number.id] });
    void queries.invalidateQueries({ queryKey: ["numbers"] });
  };
  const save = useMutation({
    mutationFn: (change: CallingChange) => numbers.changeCalling(number.id, change),
    onSuccess: (calling) => {
      learnt(calling);
      onSaved();
      toast({ message: t("meta.saved", { name: number.name }) });
    },
  });
  const read = useMutation({
    mutationFn: () => numbers.readCalling(number.id),
    onSuccess: (calling) => {
      learnt(calling);
      toast({ message: t("meta.read") });
    },
  });
  return { save, read, failed: save.error ?? read.error };
}

/** Meta's own refusal is quoted after our explanation. */
export function useMetaTrouble(): (error: unknown) => string {
  const { t } = useTranslation("office");
  const words = useTrouble();
  return (error) => {
    if (!(error instanceof ApiError)) return words(error);
    if (error.code === "meta_refused") return `${t("trouble.meta_refused")} “${error.message}”`;
    if (error.code === "meta_unavailable") return `${t("trouble.meta_unavailable")} “${error.message}”`;
    return words(error);
  };
}
