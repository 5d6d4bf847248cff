/** Says something to a screen reader once. */
import { useEffect, useState } from "react";

export function SrLive({ text, assertive = false }: { text: string; assertive?: boolean }) {
  const [said, setSaid] = useState("");
  // Written after the region exists: a region that arrives with its text is not read.
  useEffect(() => setSaid(text), [text]);
  return (
    <div className="sr-only" aria-live={assertive ? "assertive" : "polite"} role={assertive ? "alert" : "status"}>
      {said}
    </div>
  );
}
