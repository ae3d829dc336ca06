// Uses the generated TypeScript clients of both editions and of the control API.

import * as control from "./typescript/control";
import * as database from "./typescript/database";
import * as memory from "./typescript/memory";
import type { paths } from "./types/database";

type Listed =
  paths["/ges/v1.0/{project_id}/graphs/{graph_name}/jobs/status"]["get"]["responses"]["200"]["content"]["application/json"];

async function main(url: string, projectId: string): Promise<void> {
  const options = { basePath: url, apiKey: "secret" };
  const jobs = new database.JobsApi(new database.Configuration(options));
  const ofMemory = new memory.JobsApi(new memory.Configuration(options));
  const ofControl = new control.JobsApi(new control.Configuration(options));
  const path = `${url}/ges/v1.0/${projectId}/graphs/database/jobs/status`;
  const answer = await fetch(path, { headers: { "X-Auth-Token": "secret" } });
  const typed = (await answer.json()) as Listed;
  const ids: Record<string, string[]> = {
    database: (await jobs.listJobs({ projectId, graphName: "database" })).jobs.map((it) => it.jobId),
    memory: (await ofMemory.listJobs({ projectId, graphName: "memory" })).jobs.map((it) => it.jobId),
    control: (await ofControl.getJobs({ graph: "database" })).jobs.map((it) => it.job.jobId),
    types: typed.jobs.slice(0, typed.totalCount).map((it) => it.jobId),
  };
  for (const [name, api] of Object.entries({ database: jobs, memory: ofMemory })) {
    try {
      await api.listJobs({ projectId, graphName: "nobody" });
    } catch (error) {
      const { response } = error as database.ResponseError;
      const refusal: database.Refusal = await response.json();
      ids[`${name} nobody`] = [refusal.errorCode];
    }
  }
  console.log(JSON.stringify(ids));
}

main(process.argv[2], process.argv[3]);
