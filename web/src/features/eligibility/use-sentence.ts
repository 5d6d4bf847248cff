/** The sentence of a reason. The server writes moments for machines; people get them as on the rest of the page. */
import { useMoment } from "../../components/time";
import type { EligibilityReason } from "../../lib/api-types";

export function useSentence(): (reason: EligibilityReason) => string {
  const moment = useMoment();
  return ({ sentence, until }) => (until === null ? sentence : sentence.replace(until, moment(until)));
}
