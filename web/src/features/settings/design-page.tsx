/** Lamps, states and bars on paper and on the phone; seen while developing only, so its words are not translated. */
import { Button } from "@mantine/core";
import { Avatar } from "../../components/avatar";
import { CallState } from "../../components/line-lamp";
import { Logo } from "../../components/logo";
import { PageHead } from "../../components/page-head";
import { SoundBadge } from "../../components/sound-badge";
import { STATUSES } from "../../lib/call-search";
import { soundOf } from "../../lib/quality";

function Parts() {
  return (
    <div style={{ display: "grid", gap: 12, padding: 20, borderRadius: 14 }}>
      {STATUSES.map((status) => (
        <CallState key={status} status={status} />
      ))}
      {[4.4, 3.9, 3.3, 2].map((mos) => (
        <SoundBadge key={mos} sound={soundOf(mos)} />
      ))}
      <span>
        {["Mariana Costa", "Javier Ortega", "@nina.keller", "Lucía Torres", "+34 612", "Ada"].map((name) => (
          <Avatar key={name} name={name} />
        ))}
      </span>
    </div>
  );
}

export function DesignPage() {
  return (
    <>
      <PageHead title="Design" before={<Logo size={40} />} />
      <div style={{ display: "flex", gap: 8 }}>
        <Button>Save</Button>
        <Button variant="default">Discard</Button>
        <Button variant="subtle">Show all</Button>
      </div>
      <div style={{ display: "grid", gridTemplateColumns: "1fr 1fr", gap: 16 }}>
        <Parts />
        <div data-surface="ebonite" style={{ borderRadius: 14 }}>
          <Parts />
        </div>
      </div>
    </>
  );
}
