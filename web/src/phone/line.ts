/** The customer's line to the simulator: what the business writes, what is granted, and which call rings. */
import { useCallback, useEffect, useRef, useState } from "react";
import { type BusinessNumber, type Customer, type FromSimulator, type Pair, simulator } from "./simulator";

export interface Line {
  pair: Pair | null;
  /** The call of the business that rings, and the number it comes from. */
  incoming: { call: string; number: string } | null;
  /** Why the last wish was refused. */
  refused: string | null;
  say: (wish: object) => void;
}

/** Lost lines are opened again after this long. */
const AGAIN_AFTER_MS = 2_000;

export function useLine(number: BusinessNumber | undefined, customer: Customer | undefined): Line {
  const [pair, setPair] = useState<Pair | null>(null);
  const [incoming, setIncoming] = useState<Line["incoming"]>(null);
  const [refused, setRefused] = useState<string | null>(null);
  const socket = useRef<WebSocket | null>(null);
  const part = useRef<object | null>(null);

  const say = useCallback((wish: object) => {
    setRefused(null);
    if (socket.current?.readyState === WebSocket.OPEN) socket.current.send(JSON.stringify(wish));
  }, []);

  useEffect(() => {
    let over = false;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const open = () => {
      const opened = simulator.socket();
      socket.current = opened;
      opened.onopen = () => {
        if (part.current !== null) opened.send(JSON.stringify(part.current));
      };
      opened.onmessage = (message) => {
        const frame = JSON.parse(String(message.data)) as FromSimulator;
        if (frame.type === "pair") setPair(frame);
        else if (frame.type === "refused") setRefused(frame.why);
        else if (frame.type === "incoming")
          setIncoming(frame.call === null ? null : { call: frame.call, number: frame.number ?? "" });
      };
      opened.onclose = () => {
        setIncoming(null);
        if (!over) timer = setTimeout(open, AGAIN_AFTER_MS);
      };
    };
    open();
    return () => {
      over = true;
      clearTimeout(timer);
      socket.current?.close();
    };
  }, []);

  useEffect(() => {
    if (number === undefined || customer === undefined) return;
    part.current = { type: "play", number: number.id, customer };
    setPair(null);
    say(part.current);
  }, [number, customer, say]);

  return { pair, incoming, refused, say };
}
