/** What pages ask for, each question under the key that `live` marks stale. */
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { at, get, session } from "./client";
import type {
  Algorithm,
  Curves,
  Experiment,
  Happening,
  Importance,
  Row,
  Series,
  Session,
  Trial,
  Trials,
} from "./types";

export function useSession() {
  return useQuery<Session>({ queryKey: ["session"], queryFn: session, staleTime: Infinity });
}

export function useExperiments() {
  return useQuery<{ items: Row[] }>({
    queryKey: ["experiments"],
    queryFn: () => get("experiments"),
  });
}

/** A question about one Experiment. `part` is the rest of its address. */
export function useOf<T>(
  namespace: string,
  name: string,
  part: string[],
  query: Record<string, string | number> = {},
  on = true,
) {
  return useQuery<T>({
    queryKey: ["experiment", namespace, name, ...part, query],
    queryFn: () => get<T>(at(namespace, name, ...part), query),
    // Ten thousand rows are replaced, not compared cell by cell.
    structuralSharing: false,
    placeholderData: keepPreviousData,
    enabled: on,
  });
}

export const useExperiment = (namespace: string, name: string) =>
  useOf<Experiment>(namespace, name, []);
export const useTrials = (namespace: string, name: string) =>
  useOf<Trials>(namespace, name, ["trials"]);
export const useCurves = (namespace: string, name: string, metric: string) =>
  useOf<Curves>(namespace, name, ["curves"], { metric, points: 100 }, metric !== "");
export const useImportance = (namespace: string, name: string) =>
  useOf<Importance>(namespace, name, ["importance"]);
export const useEvents = (namespace: string, name: string) =>
  useOf<{ items: Happening[] }>(namespace, name, ["events"]);
export const useTrial = (namespace: string, name: string, trial: string) =>
  useOf<Trial>(namespace, name, ["trials", trial]);
export const useSeries = (namespace: string, name: string, trial: string) =>
  useOf<Series>(namespace, name, ["trials", trial, "metrics"], { points: 2000 });

export function useAlgorithms() {
  return useQuery<Algorithm[]>({
    queryKey: ["algorithms"],
    queryFn: () => get("algorithms"),
    staleTime: Infinity,
  });
}

export function useSchema() {
  return useQuery<Record<string, unknown>>({
    queryKey: ["schema"],
    queryFn: () => get("schema"),
    staleTime: Infinity,
  });
}
