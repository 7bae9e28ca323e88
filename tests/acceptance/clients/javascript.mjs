// What the clients for JavaScript do against RouterHub, one after another. Prints what came of each as JSON; a failure ends it.
import Anthropic from "@anthropic-ai/sdk";
import { betaZodTool } from "@anthropic-ai/sdk/helpers/beta/zod";
import { createAnthropic } from "@ai-sdk/anthropic";
import { createOpenAI } from "@ai-sdk/openai";
import { generateText, Output, stepCountIs, streamText, tool } from "ai";
import OpenAI from "openai";
import { zodTextFormat } from "openai/helpers/zod";
import { z } from "zod";

const url = process.env.ROUTERHUB_URL, key = process.env.ROUTERHUB_API_KEY, model = "auto";
const hello = [{ role: "user", content: "Hello" }];
const City = z.object({ city: z.string() });
const said = {};

const openai = new OpenAI({ baseURL: `${url}/v1`, apiKey: key, maxRetries: 0 });
said.chat = (await openai.chat.completions.create({ model, messages: hello })).choices[0].message.content;
said.chatStream = await openai.chat.completions.stream({ model, messages: hello }).finalContent();
said.response = (await openai.responses.create({ model, input: "Hello" })).output_text;
said.responseStream = (await openai.responses.stream({ model, input: "Hello" }).finalResponse()).output_text;
const form = { format: zodTextFormat(City, "city") };
said.parsed = (await openai.responses.parse({ model, input: "Where?", text: form })).output_parsed;
said.vector = (await openai.embeddings.create({ model: "text-embedding-3-small", input: "x" })).data[0].embedding.length;
said.error = await openai.responses.create({ model: "gpt-nope", input: "x" }).catch((error) => [error.status, error.code]);

const anthropic = new Anthropic({ baseURL: url, authToken: key, apiKey: null, maxRetries: 0 });
const asked = { model, max_tokens: 100, messages: hello };
said.message = (await anthropic.messages.create(asked)).content[0].text;
said.messageStream = await anthropic.messages.stream(asked).finalText();
const calls = [];
const clock = betaZodTool({ name: "clock", description: "The time.", inputSchema: City, run: ({ city }) => calls.push(city) && "noon" });
await anthropic.beta.messages.toolRunner({ ...asked, tools: [clock], tool_choice: { type: "any" }, max_iterations: 2 });
said.toolRunner = calls;

const tools = { clock: tool({ description: "The time.", inputSchema: City, execute: async () => "noon" }) };
const one = createOpenAI({ baseURL: `${url}/v1`, apiKey: key }), other = createAnthropic({ baseURL: `${url}/v1`, apiKey: key });
said.ai = [];
for (const each of [one(model), one.chat(model), other(model)]) {
  const round = { model: each, prompt: "Time?", tools, toolChoice: "required", stopWhen: stepCountIs(1), maxRetries: 0, maxOutputTokens: 100 };
  const words = streamText({ model: each, prompt: "Hello", maxRetries: 0, maxOutputTokens: 100 });
  let text = "";
  for await (const piece of words.textStream) text += piece;
  said.ai.push([text, (await generateText(round)).toolResults.map((result) => result.output)]);
}
const wanted = { model: one(model), prompt: "Where?", output: Output.object({ schema: City }), maxRetries: 0 };
said.object = (await generateText(wanted)).output;
console.log(JSON.stringify(said));
