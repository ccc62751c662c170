/** Words that others wrote: isolated, so that their direction cannot disturb what stands beside them. */
import { clip } from "../text/shown";

export function Text({ value, most = 200 }: { value: string; most?: number }) {
  const shown = clip(value, most);
  return <bdi title={value.length > most ? clip(value, 2000) : undefined}>{shown}</bdi>;
}
