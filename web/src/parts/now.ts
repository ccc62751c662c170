import { useEffect, useState } from "react";

/** Milliseconds since 1970, anew every `every` ms while the page is looked at. */
export function useNow(every = 1000): number {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const beat = setInterval(() => {
      if (!document.hidden) setNow(Date.now());
    }, every);
    return () => clearInterval(beat);
  }, [every]);
  return now;
}
