/** The task of the bare tinypool that workerEvaluator is measured against. */
import { judge } from './evaluators.mjs';

export default function run(task) {
  return Array.isArray(task) ? task.map(({ response }) => judge(response.text)) : judge(task.response.text);
}
