// What a resource holds, and whether the server tells when it changes.

import { AnswerCard } from "../answer.js";
import { useCell } from "../cell.js";
import { ResourceContent } from "../content.js";
import { Failure } from "../failure.js";
import { Json } from "../json.js";
import { clock } from "../sizes.js";
import type { Resources, Watch } from "./resources.js";

/** What was read of a resource, and its subscription. Without a URI, there is nothing yet. */
export function ContentsView({ resources, uri }: { resources: Resources; uri: string | undefined }) {
  const watchable = useCell(resources.watchable);
  const watch = useCell(resources.watches).get(uri ?? "");
  const answer = useCell(resources.readings.all).get(uri ?? "");
  return (
    <section className="calls" aria-label="Contents">
      <header className="calls-head">
        <h2>Contents</h2>
        {watchable && uri !== undefined && <Subscribe resources={resources} uri={uri} watch={watch} />}
      </header>
      {watch?.at === "failed" && <Failure error={watch.error} headline="The subscription failed" />}
      {watch?.at === "on" && (
        <p className="watch">
          <span className="live" aria-hidden="true" /> Subscribed.{" "}
          {watch.last === undefined
            ? "It has not changed yet."
            : `It has changed ${watch.updates === 1 ? "once" : `${watch.updates} times`}, the last time at ${clock(watch.last)}.`}
        </p>
      )}
      {answer === undefined || uri === undefined ? (
        <p className="empty">It has not been read yet.</p>
      ) : (
        <AnswerCard title={<code className="uri">{uri}</code>} answer={answer} headline="It cannot be read">
          {({ contents }) => <Contents contents={contents} asked={uri} />}
        </AnswerCard>
      )}
    </section>
  );
}

function Contents({ contents, asked }: { contents: unknown; asked: string }) {
  const parts: unknown[] = Array.isArray(contents) ? contents : [];
  if (parts.length === 0) return <p className="note">It holds nothing.</p>;
  return parts.map((part, index) =>
    typeof part === "object" && part !== null ? (
      // biome-ignore lint/suspicious/noArrayIndexKey: a result does not change
      <ResourceContent key={index} contents={part} asked={asked} />
    ) : (
      // biome-ignore lint/suspicious/noArrayIndexKey: a result does not change
      <Json key={index} value={part} name="content.json" />
    ),
  );
}

function Subscribe({ resources, uri, watch }: { resources: Resources; uri: string; watch: Watch | undefined }) {
  const on = watch?.at === "on" || watch?.at === "ending";
  const busy = watch?.at === "beginning" || watch?.at === "ending";
  return (
    <button
      type="button"
      className="small"
      // Not disabled: that would take the focus away.
      aria-disabled={busy}
      onClick={() => {
        if (!busy) void (on ? resources.unsubscribe(uri) : resources.subscribe(uri));
      }}
    >
      {on ? "Unsubscribe" : "Subscribe"}
    </button>
  );
}
