/** Places the call. When the server says no after all, its reasons take the place of the ones shown. */
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { ApiError } from "../../lib/api";
import type { Eligibility, EligibilityReason } from "../../lib/api-types";
import { toast } from "../../lib/toast";
import { useTrouble } from "../../lib/trouble";
import { eligibility, type Who } from "./api";
import type { Overrides } from "./reasons";
import { eligibilityQuery } from "./use-eligibility";

function reasonsOf(error: unknown): EligibilityReason[] | null {
  if (!(error instanceof ApiError) || error.code !== "not_eligible") return null;
  const { reasons } = error.problem as { reasons?: EligibilityReason[] };
  return Array.isArray(reasons) ? reasons : [];
}

export function usePlaceCall(who: Who, number: string | undefined, onRefused: () => void) {
  const queries = useQueryClient();
  const words = useTrouble();
  return useMutation({
    mutationFn: ({ from, override }: { from: string; override: Overrides | null }) =>
      eligibility.call(who, from, override),
    onError: (error) => {
      const reasons = reasonsOf(error);
      if (reasons === null) {
        toast({ color: "red", message: words(error) });
        return;
      }
      const { queryKey } = eligibilityQuery(who, number);
      queries.setQueryData<Eligibility>(queryKey, (before) =>
        before === undefined || reasons.length === 0 ? before : { ...before, allowed: false, reasons },
      );
      void queries.invalidateQueries({ queryKey });
      onRefused();
    },
  });
}
