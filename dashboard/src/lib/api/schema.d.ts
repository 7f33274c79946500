/** Generated from schema/openapi.json by `npm run api`. */
import type { Json } from "./json";
export interface paths {
    "/api/analytics": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What exchanges add up to: tokens, money, percentiles, cache economics */
        get: operations["getAnalytics"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/config": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What pages and set-up lines need to know */
        get: operations["getConfig"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/config/effective": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Every setting in force and where it came from, without secrets */
        get: operations["getConfigEffective"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/config/reload": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Read the configuration again
         * @description It is taken into use whole or not at all.
         */
        post: operations["postConfigReload"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/config/stored": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The edits of settings that were made at run time */
        get: operations["getConfigStored"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        /**
         * Edit settings at run time; `null` takes an edit back
         * @description Edits win over the file, and lose to the environment and the command line. They are taken into
         *     use whole or not at all, and kept in the database. Credentials, and where the database is,
         *     cannot be edited so.
         */
        patch: operations["patchConfigStored"];
        trace?: never;
    };
    "/api/conversations": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Transcripts of Claude Code on this machine, newest activity first */
        get: operations["getConversations"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/conversations/project": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * The transcripts of one project with their first messages, newest activity first
         * @description 20 of them when `limit` is not said, and never more than 100.
         *
         *     They come with 32 MiB of messages at most: where `messages` are fewer than `total`, ask for the
         *     one.
         */
        get: operations["getConversationsProject"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/conversations/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * One transcript with a page of its messages, in order of time
         * @description 1000 messages when `limit` is not said, and never more than 5000.
         */
        get: operations["getConversationsById"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/events": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * How the delivery of events is doing
         * @description Each sink with what waits for it, what it got, and its latest dead letters, which have no bodies
         *     here. Counts are of this process, since its start.
         */
        get: operations["getEvents"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/grade-prompt": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Have a model grade a prompt
         * @description The model of `dashboard.grading.model` judges what the person wrote, and writes it better. That
         *     is one request that costs money. The grade is kept with the exchange that `requestId` names.
         */
        post: operations["postGradePrompt"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/live": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Exchanges as they begin and end, as events `exchange`
         * @description With the id of the last event that was seen, everything since then comes first. If that is not
         *     known any more an event `reset` says so: load the list again. A follower that is too slow gets
         *     an event `missed` with how many it did not see. What other nodes of the same `shared.redis_url`
         *     take is among them, with the `node` that took it.
         */
        get: operations["getLive"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/login": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Log in: gives a cookie that opens the dashboard and its API
         * @description Wrong passwords make the next one wait.
         */
        post: operations["postLogin"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/logout": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Log out: the session ends */
        post: operations["postLogout"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/nodes": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * The nodes that share a Redis with this one
         * @description Each says every two seconds that it lives and is left out when it has not for eight. Without a
         *     Redis, or while it cannot be reached, there is this one alone and a hint.
         */
        get: operations["getNodes"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/prices": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What models cost, and which have no price */
        get: operations["getPrices"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/projects": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The names of projects, of which exchanges have the ids; none where there are no projects */
        get: operations["getProjects"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/providers": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Each provider with health, figures and keys, in the order of the configuration */
        get: operations["getProviders"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/providers/{name}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One provider */
        get: operations["getProvidersByName"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/providers/{name}/disable": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Send no new requests to a provider */
        post: operations["postProvidersByNameDisable"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/providers/{name}/enable": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Send new requests to a provider again */
        post: operations["postProvidersByNameEnable"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/providers/{name}/keys": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Add a key to a provider */
        post: operations["postProvidersByNameKeys"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/providers/{name}/keys/{key}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** Take a key out */
        delete: operations["deleteProvidersByNameKeysByKey"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/providers/{name}/keys/{key}/disable": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Let no new request use a key */
        post: operations["postProvidersByNameKeysByKeyDisable"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/providers/{name}/keys/{key}/enable": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Let requests use a key again */
        post: operations["postProvidersByNameKeysByKeyEnable"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/providers/{name}/keys/{key}/reset": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** End a key's pauses and forget its errors */
        post: operations["postProvidersByNameKeysByKeyReset"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/providers/{name}/reset": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Close a provider's breaker and end the pauses of its keys */
        post: operations["postProvidersByNameReset"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/quota": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What providers said of each key's windows, and when they are spent at the present rate */
        get: operations["getQuota"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/quota/history": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What providers said of each key's windows over time: a point when it changed, at most one a minute */
        get: operations["getQuotaHistory"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/requests": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Whole exchanges, newest first */
        get: operations["getRequests"];
        put?: never;
        post?: never;
        /** Forget all exchanges, or those that the query names */
        delete: operations["deleteRequests"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/requests/export": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Exchanges as a file, newest first
         * @description It ends early when the client goes; a fault on the way breaks it off, so that it is never taken
         *     for whole.
         */
        get: operations["getRequestsExport"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/requests/facets": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The values that exchanges have, the most frequent first */
        get: operations["getRequestsFacets"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/requests/latest-date": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** When the newest exchange began */
        get: operations["getRequestsLatestDate"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/requests/summary": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Exchanges without bodies, newest first */
        get: operations["getRequestsSummary"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/requests/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One exchange, by its id, the end of it, or the client's own id */
        get: operations["getRequestsById"];
        put?: never;
        post?: never;
        /** Forget one exchange, by its whole id */
        delete: operations["deleteRequestsById"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/requests/{id}/har": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One exchange as HAR 1.2 */
        get: operations["getRequestsByIdHar"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/requests/{id}/neighbours": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The exchanges before and after one */
        get: operations["getRequestsByIdNeighbours"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/requests/{id}/raw/{side}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The bytes as they crossed the wire, still in their content coding */
        get: operations["getRequestsByIdRawBySide"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/requests/{id}/replay": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Send a captured request again
         * @description The provider's answer comes as it comes, with its own status and headers, but for those that
         *     would have a browser do something, such as `set-cookie`; `x-weir-request-id` names the new
         *     exchange. The provider's own credential is used.
         */
        post: operations["postRequestsByIdReplay"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/routing": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Strategies, mapped models, subagents */
        get: operations["getRouting"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/routing/explain": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Where a request would go, and why; nothing is sent */
        post: operations["postRoutingExplain"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/routing/strategy": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** How providers are picked, and what else there is */
        get: operations["getRoutingStrategy"];
        /** Pick providers otherwise, from the next request on */
        put: operations["putRoutingStrategy"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/sessions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Sessions, newest activity first */
        get: operations["getSessions"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/sessions/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One session with its agents and turns, oldest first */
        get: operations["getSessionsById"];
        put?: never;
        post?: never;
        /** Forget the exchanges of a session; those under way stay */
        delete: operations["deleteSessionsById"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/sessions/{id}/context": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What fills one turn: system prompt, tools, texts, calls, results, files, by bytes and tokens */
        get: operations["getSessionsByIdContext"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/sessions/{id}/export": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** A copy of a session's outline: its first 1000 turns as a table, or all that is known of them */
        get: operations["getSessionsByIdExport"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/sessions/{id}/growth": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** How the context of an agent grew turn by turn, and why a prompt cache missed */
        get: operations["getSessionsByIdGrowth"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/settings": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The rules for headers in force */
        get: operations["getSettings"];
        /** Set the rules for headers, from the next request on */
        put: operations["putSettings"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/setup": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * What to tell agents and SDKs so that they come here, and which have come
         * @description `seen` looks at what was captured since weir was started.
         */
        get: operations["getSetup"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/stats": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The figures of this moment, and the sums of days */
        get: operations["getStats"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/stats/hourly": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Sums by the hour of the day */
        get: operations["getStatsHourly"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/stats/models": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Sums by model */
        get: operations["getStatsModels"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/stats/stream": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * The figures at once and then every second, as events `stats`
         * @description A follower that cannot keep up misses some; nothing is queued for it.
         */
        get: operations["getStatsStream"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/usage": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Tokens of a stretch by model; of all that is known when no stretch is named */
        get: operations["getUsage"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/usage/hourly": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Tokens by hour and model; of today when no stretch is named */
        get: operations["getUsageHourly"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/health": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Whether weir takes requests
         * @description 503 while draining, and while nothing can be captured if capture is required; 200 else, with
         *     `degraded` and why when nothing can be captured.
         */
        get: operations["getHealth"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/livez": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** 200 as long as the process lives */
        get: operations["getLivez"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/manage/audit": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Audit events, the newest first */
        get: operations["getManageAudit"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/manage/audit/verify": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Follow the chain of audit events from its beginning */
        get: operations["getManageAuditVerify"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/manage/audit/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One audit event */
        get: operations["getManageAuditById"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/manage/cache": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** How the cache is */
        get: operations["getManageCache"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/manage/cache/purge": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Take answers out of the cache */
        post: operations["postManageCachePurge"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/manage/login": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Log in to the pages with a management token: gives a cookie that manages as the token does
         * @description Wrong tokens make the next one wait.
         */
        post: operations["postManageLogin"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/manage/me": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Whose credential this is, and what it may do */
        get: operations["getManageMe"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/manage/projects": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Every project, by name, with what was used in the periods that last */
        get: operations["getManageProjects"];
        put?: never;
        /** Make a project */
        post: operations["postManageProjects"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/manage/projects/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One project, with what was used in the periods that last */
        get: operations["getManageProjectsById"];
        put?: never;
        post?: never;
        /** Projects are never deleted */
        delete: operations["deleteManageProjectsById"];
        options?: never;
        head?: never;
        /** Change a project */
        patch: operations["patchManageProjectsById"];
        trace?: never;
    };
    "/manage/projects/{id}/tokens/revoke": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Revoke every token of a project */
        post: operations["postManageProjectsByIdTokensRevoke"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/manage/tokens": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Tokens, the newest first */
        get: operations["getManageTokens"];
        put?: never;
        /** Make a token; its secret is in the answer and nowhere else */
        post: operations["postManageTokens"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/manage/tokens/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One token */
        get: operations["getManageTokensById"];
        put?: never;
        post?: never;
        /** Revoke a token */
        delete: operations["deleteManageTokensById"];
        options?: never;
        head?: never;
        /** Change a token */
        patch: operations["patchManageTokensById"];
        trace?: never;
    };
    "/manage/tokens/{id}/rotate": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Give a token another secret; the one before works for a while if that is wished */
        post: operations["postManageTokensByIdRotate"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/metrics": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Every figure, in OpenMetrics text */
        get: operations["getMetrics"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        /** @description US dollars per million tokens; `webSearch` per thousand searches. Null where no list says. */
        Amounts: {
            /** Format: double */
            input: number | null;
            /** Format: double */
            output: number | null;
            /** Format: double */
            cacheWrite5m: number | null;
            /** Format: double */
            cacheWrite1h: number | null;
            /** Format: double */
            cacheRead: number | null;
            /**
             * Format: double
             * @description Where it differs from `output`.
             */
            reasoning?: number;
            /** Format: double */
            webSearch?: number;
        };
        /** @description Figures. */
        Analytics: {
            /** Format: date-time */
            start: string;
            /** Format: date-time */
            end: string;
            /** @description The time zone. */
            tz: string;
            /** @enum {string} */
            bucket: "hour" | "day" | "week" | "month" | "none";
            /** @enum {string} */
            by: "none" | "model" | "provider" | "client" | "agent" | "subagent" | "project" | "status";
            /** @description Ascending by time; hours and days without an exchange are left out. */
            rows: components["schemas"]["AnalyticsRow"][];
            /** @description All rows together. */
            totals: components["schemas"]["AnalyticsRow"];
            /** @description Whether rows are missing because there are too many. */
            cut: boolean;
        };
        /** @description Figures of one hour or day and one model or the like. */
        AnalyticsRow: components["schemas"]["Figures"] & {
            /**
             * Format: date-time
             * @description When the hour or day begins, RFC 3339; null for all time in one.
             */
            bucket: string | null;
            /** @description The model or the like; null for all of them in one. */
            key: string | null;
        };
        /** @description A request of which somebody wants to know where it would go. */
        Asked: {
            /** @description The path; `/v1/messages` by default. */
            path?: string | null;
            /** @description Its headers. */
            headers?: {
                [key: string]: string;
            };
            /** @description Its body. */
            body?: {
                [key: string]: unknown;
            } | null;
        };
        /** @description An event as it is kept. */
        AuditEvent: {
            /**
             * Format: int64
             * @description Its place in the chain, from 1.
             */
            seq: number;
            /** @description Its id. */
            id: string;
            /** @description What. */
            action: string;
            /** @description Who. */
            actor: string;
            /** @description How it ended. */
            outcome: string;
            /** @description Why. */
            reason: string | null;
            /** @description The project. */
            project_id: string | null;
            /** @description The token's id. */
            token_id: string | null;
            /** @description The request. */
            request_id: string | null;
            /** @description What the client groups requests by. */
            correlation_id: string | null;
            /** @description From where. */
            client_ip: string | null;
            /** @description The request's method. */
            method: string | null;
            /** @description Its path. */
            path: string | null;
            /** @description The program. */
            user_agent: string | null;
            /** @description What else is worth knowing, as JSON. */
            metadata: components["schemas"]["Value"];
            /** @description SHA-256 over the hash before and this event, in hexadecimal digits. */
            hash: string;
        };
        /** @description An event with its time. */
        AuditView: components["schemas"]["AuditEvent"] & {
            /**
             * Format: date-time
             * @description When.
             */
            timestamp: string;
        };
        /** @description What people are shown. Moments are milliseconds since the Unix epoch. */
        Breaker: {
            /** @description Where it stands. */
            state: components["schemas"]["BreakerState"];
            /**
             * Format: int32
             * @description Failures in a row.
             */
            failures: number;
            /**
             * Format: int64
             * @description When it lets through again, while it is open.
             */
            until: number | null;
            /**
             * Format: int64
             * @description Times that it opened.
             */
            opened: number;
            /** @description The node by whose word it is on trial; absent where it is by its own. */
            told_by?: string;
        };
        /**
         * @description Where a breaker stands.
         * @enum {string}
         */
        BreakerState: "closed" | "half-open" | "open";
        /** @description What may be used in a period: money, tokens, or both. */
        BudgetSpec: {
            /** @description How long it lasts. */
            period: components["schemas"]["Period"];
            /**
             * Format: double
             * @description Most money, in US dollars.
             */
            usd?: number | null;
            /**
             * Format: int64
             * @description Most tokens, input and output: up to a million million.
             */
            tokens?: number | null;
        };
        /** @description Cache writes by lifetime. */
        CacheCreation: {
            /**
             * Format: int64
             * @description Five minutes.
             */
            ephemeral_5m_input_tokens: number;
            /**
             * Format: int64
             * @description An hour.
             */
            ephemeral_1h_input_tokens: number;
        };
        /** @description Why a prompt cache did not serve a turn. */
        CacheMiss: {
            /** @enum {string} */
            reason: "expired" | "tools_changed" | "system_changed" | "model_changed" | "history_changed" | "no_breakpoint" | "first_turn" | "provider_changed" | "other";
            /** @description The same as a sentence, with figures. */
            detail: string;
            /** @enum {string} */
            section?: "tools" | "system" | "messages";
            /** @description The first entry there that differs, from 0. */
            index?: number;
        };
        /** @description What is to go: `method` and `url`, or one of the others. */
        CachePurge: {
            /**
             * @description The method of the requests whose answers go, with `url`.
             * @default null
             */
            method: string | null;
            /**
             * @description Their path, or an address of which the path counts. With a query only those with that query
             *     go. Headers and bodies make no difference.
             * @default null
             */
            url: string | null;
            /**
             * @description Hexadecimal digits that keys begin with, as `X-PROXY-CACHE-KEY` shows them.
             * @default null
             */
            prefix: string | null;
            /**
             * Format: uuid
             * @description A project whose answers go: all of them, or those of `url`.
             * @default null
             */
            project_id: string | null;
            /**
             * @description Everything.
             * @default false
             */
            all: boolean;
        };
        /** @description What went. */
        CachePurged: {
            /** @description Whether anything did, for a method and an address; else how many entries. */
            deleted: components["schemas"]["Deleted"];
        };
        /** @description How the cache is. Counts are of this process, since its start. */
        CacheState: {
            /** @description Whether it is switched on. */
            enabled: boolean;
            /**
             * Format: int64
             * @description Requests answered from it, those among them that were told that they have it already.
             */
            hits: number;
            /**
             * Format: int64
             * @description Requests that found nothing.
             */
            misses: number;
            /**
             * Format: int64
             * @description Requests that asked for it and are not for it.
             */
            bypasses: number;
            /**
             * Format: int64
             * @description Answers that were stored.
             */
            stores: number;
            /**
             * Format: int64
             * @description Entries of which a provider said that they still hold.
             */
            revalidations: number;
            /**
             * Format: int64
             * @description Answers that were asked for again behind the back of a client that got an old one.
             */
            refreshes: number;
            /**
             * Format: int64
             * @description Requests that waited for the answer to another for the same.
             */
            collapsed: number;
            /**
             * Format: int64
             * @description Answers that were to be stored and were not: broken off, too large, or purged meanwhile.
             */
            dropped: number;
            /**
             * Format: double
             * @description Of the requests that were for the cache, the part that was answered from it: 0 to 1. Null
             *     before the first.
             */
            hit_rate: number | null;
            /** @description Where answers are kept: `memory`, or `redis` for a place that several gateways share. */
            backend: string;
            /** @description Whether that place can be asked at this moment. If not, nothing is found and nothing is kept. */
            reachable: boolean;
            /**
             * Format: int64
             * @description What went wrong there: each was a request that found nothing, or an answer that is not kept.
             */
            errors: number;
            /**
             * Format: int64
             * @description Entries at this moment, those of other gateways in the same place among them.
             */
            entries: number;
            /**
             * Format: int64
             * @description Bytes that they take, about.
             */
            bytes: number;
            /**
             * Format: int64
             * @description The most that they may take. Null where the place bounds itself.
             */
            max_bytes: number | null;
            /**
             * @description Projects whose requests were for it, who was given the most first; the first thousand that came.
             *     Null where there are no projects.
             */
            projects: components["schemas"]["ProjectCacheState"][] | null;
        };
        /** @description A provider, and whether it would be asked. */
        CandidateTold: {
            /** @description Its name. */
            provider: string;
            /** @description What kind it is. */
            type: string;
            /** @description The model that it would be asked for. */
            model?: string;
            /** @description The dialect in which it would be asked. */
            dialect?: string;
            /** @description Whether that is another than the client's. */
            translated: boolean;
            /** @description Whether it would be asked at all. */
            eligible: boolean;
            /** @description Why, or why not; a sentence. */
            why: string;
            /** @description How many keys it has, if any. */
            keys?: number;
        };
        /** @description What is to be another than in the captured request. */
        Changes: {
            /** @description The provider; the one that answered by default. */
            provider?: string | null;
            /** @description The model; the body's by default. */
            model?: string | null;
            /** @description The whole body instead. */
            body?: Json;
            /** @description Headers to set; null leaves one out. */
            headers?: {
                [key: string]: string | null;
            };
        };
        /** @description When a piece of a stream came. */
        ChunkTiming: {
            /** @description Its place among the chunks, from 0. */
            index: number;
            /** @description When its last byte came. */
            timestamp: string;
            /** @description Its bytes. */
            byteSize: number;
            /**
             * Format: int64
             * @description Milliseconds from the start of the exchange.
             */
            elapsedMs: number;
        };
        /** @description What pages need to know. */
        Config: {
            /** @description The address that agents are told to use; null is the one that was asked. */
            proxyPublicUrl: string | null;
            /** @description The version of weir. */
            version: string;
            /** @description Whether one has to log in. */
            passwordRequired: boolean;
            /** @description Whether bodies are captured. */
            captureBodies: boolean;
        };
        /** @description A part of a request. */
        ContextPart: {
            /** @enum {string} */
            kind: "system" | "tools" | "user" | "assistant" | "thinking" | "toolCall" | "toolResult" | "file" | "image" | "other";
            /** @description A tool's name, a file's path, the beginning of a text. */
            label: string;
            /** @description Bytes in the body. */
            bytes: number;
            /**
             * Format: int64
             * @description Its share of the input tokens that the provider counted; a fourth of its bytes where it
             *     counted none.
             */
            estimatedTokens: number;
            /**
             * Format: int32
             * @description The message that it stands in, from 0.
             */
            message?: number;
            /** @description What it consists of. */
            children?: components["schemas"]["ContextPart"][];
        };
        /** @description What fills a request. */
        ContextView: {
            /** @description The exchange. */
            requestId: string;
            /** @description Bytes of the body, decoded. */
            bytes: number;
            /** @description Its parts in order; the smallest of many are folded. */
            parts: components["schemas"]["ContextPart"][];
        };
        /** @description A transcript with a page of its messages. */
        Conversation: {
            sessionId: string;
            /** @description The name of the project's directory below the root. */
            projectPath: string;
            /** @description The same. */
            projectName: string;
            /** @description In order of time, each as it stands in the file. */
            messages: components["schemas"]["TranscriptMessage"][];
            /** Format: date-time */
            startTime: string;
            /** Format: date-time */
            endTime: string;
            /**
             * Format: int64
             * @description Lines, those that are no messages too.
             */
            messageCount: number;
            /** @description The title that the user gave, else the one that was made. */
            title?: string;
            /** @description The directory that the project's name stands for. */
            directory?: string;
            /** @description Messages altogether; there are more behind these if `offset` and they do not add up to it. */
            total: number;
            /**
             * Format: int32
             * @description Messages passed over.
             */
            offset: number;
            /**
             * Format: int32
             * @description Most messages on a page.
             */
            limit: number;
        };
        /** @description Transcripts. */
        ConversationList: {
            conversations: components["schemas"]["ConversationSummary"][];
            /** @description How many there are on all pages. */
            total: number;
            /** @description Whether all transcripts have been read; ask again if not. */
            complete: boolean;
        };
        /** @description A transcript without its messages. */
        ConversationSummary: {
            /** @description The session's id: the file's name. */
            id: string;
            /**
             * Format: int64
             * @description Lines, those that are no messages too.
             */
            requestCount: number;
            /** Format: date-time */
            startTime: string;
            /** Format: date-time */
            lastActivity: string;
            /**
             * Format: int64
             * @description Milliseconds between the two.
             */
            duration: number;
            /** @description The user's first words: at most 200 characters and three dots. */
            firstMessage: string;
            /** @description The name of the project's directory below the root. */
            projectName: string;
            /** @description The title that the user gave, else the one that was made. */
            title?: string;
            /** @description The directory that the project's name stands for. */
            directory?: string;
            /** @description Models that answered. */
            models: string[];
            /** @description The captured session of the same id, where there is one. */
            sessionId?: string;
        };
        /** @description What an exchange cost, by what for, in US dollars. */
        CostParts: {
            /**
             * Format: double
             * @description Input without a cache.
             */
            input: number;
            /**
             * Format: double
             * @description Output, reasoning included.
             */
            output: number;
            /**
             * Format: double
             * @description Input from a cache.
             */
            cacheRead: number;
            /**
             * Format: double
             * @description Input into a cache for five minutes, or for a time that was not told.
             */
            cacheWrite5m: number;
            /**
             * Format: double
             * @description Input into a cache for an hour.
             */
            cacheWrite1h: number;
            /**
             * Format: double
             * @description Tools that the provider runs.
             */
            serverTools: number;
            /**
             * Format: double
             * @description All of it.
             */
            total: number;
        };
        /** @description A limit a minute, of which all is none when nothing is limited. */
        CountView: {
            /**
             * Format: int64
             * @description The whole.
             */
            limit: number | null;
            /**
             * Format: int64
             * @description What is left: the lesser of our own count and the provider's.
             */
            remaining: number | null;
            /**
             * Format: int64
             * @description What is not.
             */
            used: number | null;
            /**
             * Format: int64
             * @description When it is whole again.
             */
            resets_at: number | null;
        };
        /** @description Who wants to be let in. */
        Credentials: {
            /** @description The password of the dashboard. */
            password: string;
        };
        /** @description The five things that a prompt is judged by. */
        Criteria: {
            /** @description Whether it can be misunderstood. */
            clarity: components["schemas"]["Criterion"];
            /** @description Whether the model has what it needs to know. */
            context: components["schemas"]["Criterion"];
            /** @description Whether it is in an order that can be followed. */
            structure: components["schemas"]["Criterion"];
            /** @description Whether examples show what is meant, where words do not. */
            examples: components["schemas"]["Criterion"];
            /** @description Whether it suits the task at hand. */
            taskSpecific: components["schemas"]["Criterion"];
        };
        /** @description The grade of one criterion. */
        Criterion: {
            /**
             * Format: double
             * @description 1 to [`MAX_SCORE`].
             */
            score: number;
            /** @description Why. */
            feedback: string;
        };
        /** @description A day. */
        DayFigures: {
            /** @description `YYYY-MM-DD` in the time zone asked for. */
            date: string;
            /**
             * Format: int64
             * @description Tokens of every kind.
             */
            tokens: number;
            /**
             * Format: int64
             * @description Exchanges, failed ones included.
             */
            requests: number;
            /** Format: int64 */
            errors: number;
            /**
             * Format: double
             * @description US dollars, of all that has a price; null when nothing has one.
             */
            cost: number | null;
            /** @description By the model that was asked. */
            models: {
                [key: string]: components["schemas"]["ModelCount"];
            };
        };
        /** @description An event that was given up, without its bodies. */
        DeadLetter: {
            /** @description Its name among the sink's dead letters. */
            id: string;
            /**
             * Format: uuid
             * @description The exchange; none if the event could not be read.
             */
            request_id?: string;
            /**
             * Format: date-time
             * @description When it was given up.
             */
            at: string;
            /** @description Why. */
            reason: string;
            /**
             * Format: int32
             * @description How often it was offered.
             */
            tries: number;
        };
        Deleted: boolean | number;
        /** @description What it says while it takes no new requests. */
        DrainingResponse: {
            /** @description `draining`; or `degraded` when nothing can be captured and capture is required. */
            status: string;
            /** @description Why nothing can be captured. */
            reason: string | null;
            /** Format: int64 */
            capture_dropped: number;
            /** Format: date-time */
            timestamp: string;
        };
        /** @description What an edit has done. */
        Edited: {
            /** @description The settings that are others than before. */
            changed: string[];
            /** @description Those of them that take effect only with a restart. */
            needsRestart: string[];
            /** @description What is odd, each a sentence. */
            warnings: string[];
        };
        /** @description Every setting in force. */
        Effective: {
            /** @description In the order of the reference. */
            settings: components["schemas"]["EffectiveSetting"][];
        };
        /** @description A setting in force. */
        EffectiveSetting: {
            /** @description Its place in the file, such as `server.port`. */
            path: string;
            /** @description As it would be written; secrets are blotted out, null is nothing. */
            value: string | null;
            /** @enum {string} */
            source: "default" | "file" | "stored" | "environment" | "command_line";
            /** @description Whether a change takes effect without a restart. */
            live: boolean;
            /**
             * Format: int32
             * @description The line of the file.
             */
            line?: number;
            /** @description The variable of the environment. */
            variable?: string;
        };
        /** @description What every error says. */
        Error: {
            /** @description What is wrong and how to mend it. */
            error: string;
            /** @description What lies behind it. */
            details?: string;
            /** @description The parameter, or the field of the request's body, that is wrong. */
            field?: string;
            /** @description What programs tell it by, where there are several reasons for one status. */
            code?: string;
        };
        /** @description A failure. */
        ErrorView: {
            /**
             * Format: int32
             * @description The provider's status.
             */
            status: number;
            /**
             * Format: int64
             * @description When.
             */
            at: number;
        };
        /** @description A page of events. */
        Events: {
            /** @description The newest first. */
            events: components["schemas"]["AuditView"][];
            /** @description Where the page is. */
            pagination: components["schemas"]["Pagination"];
        };
        /** @description How the delivery of events is doing. */
        EventsView: {
            /** @description Whether events are made. */
            enabled: boolean;
            /** @description Over what they go: `memory` or `redis`; none makes none. */
            bus?: string;
            /** @description Whether this process delivers. */
            dispatch: boolean;
            /**
             * Format: int64
             * @description Events that were made since the start.
             */
            made: number;
            /**
             * Format: int64
             * @description Exchanges that made none since the start: too many waited to become events.
             */
            unmade: number;
            /**
             * Format: int64
             * @description Bodies that were left out of events since the start: too many bytes were held.
             */
            bodies_dropped: number;
            stream?: components["schemas"]["StreamView"];
            /** @description The sinks, in the order of the settings. */
            sinks: components["schemas"]["SinkView"][];
        };
        /** @description Where a request would go. Nothing was sent, counted or changed to find out. */
        Explanation: {
            /** @description What the client speaks. */
            dialect: string;
            /** @description What it asks for. */
            operation: string;
            /** @description The model that the client names. */
            model?: string;
            /** @description Whether it wants a stream. */
            stream: boolean;
            session?: components["schemas"]["SessionTold"];
            subagent?: components["schemas"]["SubagentTold"];
            /** @description How providers are picked. */
            strategy: string;
            /** @description Why the first candidate is the first; absent when none can take it. */
            reason?: string;
            /** @description Every provider: first those that would be asked, in order. */
            candidates: components["schemas"]["CandidateTold"][];
            /** @description What the client would be told instead of an answer. */
            error?: string;
        };
        /** @description One value that exchanges have, and how many do. */
        Facet: {
            /** @description The value. */
            value: string;
            /**
             * Format: int64
             * @description Exchanges that have it.
             */
            count: number;
        };
        /** @description The values that exchanges have, the most frequent first: what there is to filter by. */
        Facets: {
            /** @description Models that clients named. */
            models: components["schemas"]["Facet"][];
            /** @description Providers. */
            providers: components["schemas"]["Facet"][];
            /** @description Kinds of client. */
            clients: components["schemas"]["Facet"][];
            /** @description Agents. */
            agents: components["schemas"]["Facet"][];
            /** @description Why models stopped. */
            stopReasons: components["schemas"]["Facet"][];
            /** @description Statuses. */
            statuses: components["schemas"]["Facet"][];
            /** @description Subagents by whose rules exchanges were routed. */
            subagents: components["schemas"]["Facet"][];
            /** @description Projects whose tokens exchanges brought, by id. */
            projects: components["schemas"]["Facet"][];
            /**
             * Format: int64
             * @description Exchanges that were counted, the newest ones.
             */
            counted: number;
            /** @description Whether those were all that match; if not, counting stopped for time. */
            complete: boolean;
        };
        /** @description A configuration that is not valid. */
        Faults: {
            error: string;
            /** @description Each a sentence with its place. */
            faults: string[];
        };
        /** @description What some exchanges add up to. */
        Figures: {
            /**
             * Format: int64
             * @description Exchanges.
             */
            requests: number;
            /**
             * Format: int64
             * @description Those with a status of 400 or more, or that did not end well.
             */
            errors: number;
            /**
             * Format: int64
             * @description Input that was neither read from nor written to a cache.
             */
            inputTokens: number;
            /**
             * Format: int64
             * @description Output, reasoning included.
             */
            outputTokens: number;
            /**
             * Format: int64
             * @description Input read from a cache.
             */
            cacheReadTokens: number;
            /**
             * Format: int64
             * @description Input written to a cache.
             */
            cacheWriteTokens: number;
            /**
             * Format: int64
             * @description The part of the output that was reasoning.
             */
            reasoningTokens: number;
            /**
             * Format: double
             * @description What they cost in US dollars, without those that have no price; null when none has one.
             */
            cost: number | null;
            /**
             * Format: int64
             * @description Exchanges that took tokens and have no price.
             */
            unpriced: number;
            /**
             * Format: double
             * @description US dollars that caching saved: what the input would have cost without, less what it did
             *     cost. Negative where more was written than was read again.
             */
            cacheSavings: number | null;
            /**
             * Format: double
             * @description The part of the input that was read from a cache, 0 to 1; null without input.
             */
            cacheHitShare: number | null;
            firstByte: components["schemas"]["Percentiles"] | null;
            duration: components["schemas"]["Percentiles"] | null;
            gap: components["schemas"]["Percentiles"] | null;
        };
        /** @description What was forgotten. */
        Forgotten: {
            /** @description What was done, in words. */
            message: string;
            /**
             * Format: int64
             * @description How many exchanges.
             */
            deleted: number;
        };
        /** @description What a request for a grade says: the conversation as its client sent it. */
        GradeRequest: {
            /**
             * @description The messages: of Messages or Chat, the `input` of Responses, the `contents` of Gemini.
             *     Without them those of the exchange `request_id` are taken.
             */
            messages?: Json;
            /** @description The system prompt: a text, or a list of blocks with texts. */
            systemMessages?: Json;
            /** @description The exchange that the grade is kept with; none keeps it nowhere. */
            requestId?: string | null;
        };
        /** @description How the context of a session grew. */
        Growth: {
            /** @description Turns of the agent, oldest first. */
            turns: components["schemas"]["GrowthTurn"][];
            /**
             * Format: int64
             * @description All turns of the agent.
             */
            total: number;
            /**
             * Format: int32
             * @description Turns passed over.
             */
            offset: number;
            /**
             * Format: int32
             * @description Most turns on a page.
             */
            limit: number;
        };
        /** @description What filled one turn, and how its prompt cache served it. */
        GrowthTurn: {
            /** @description The exchange. */
            requestId: string;
            /**
             * Format: date-time
             * @description When it began.
             */
            timestamp: string;
            /** @description The agent; absent for the main one. */
            agent?: string;
            /** @description Bytes of the body by what they are: see [`ContextPart::kind`]. */
            byKind: {
                [key: string]: number;
            };
            /**
             * Format: int64
             * @description Input tokens that were neither read from nor written to a cache.
             */
            inputTokens: number;
            /**
             * Format: int64
             * @description Input tokens read from a cache.
             */
            cacheReadTokens: number;
            /**
             * Format: int64
             * @description Input tokens written to a cache.
             */
            cacheWriteTokens: number;
            /**
             * Format: double
             * @description US dollars; null when a price is not known.
             */
            cost: number | null;
            miss: components["schemas"]["CacheMiss"] | null;
        };
        /**
         * @description What a rule does with its header.
         * @enum {string}
         */
        HeaderAction: "block" | "set" | "replace";
        /** @description A header that is not the client's. */
        HeaderChange: {
            /** @description Its name. */
            name: string;
            /** @enum {string} */
            kind: "added" | "removed" | "changed";
            /** @description What the client sent. */
            from?: string;
            /** @description What went out. */
            to?: string;
        };
        /** @description One change of a header. Rules run in their order, each on what the one before left. */
        HeaderRule: {
            /** @description The header, whatever its case. */
            header: string;
            /** @description What is done with it. */
            action: components["schemas"]["HeaderAction"];
            /** @description The whole new value for `set`, what replaces `find` for `replace`; nothing deletes. */
            value?: string | null;
            /** @description What `replace` looks for: literally, in its case. Nothing finds nothing. */
            find?: string | null;
            /** @description Whether the rule counts; it does when nothing is said. */
            enabled?: boolean;
        };
        /** @description How weir is. */
        HealthResponse: {
            /** @description `healthy`, or `degraded` when nothing can be captured. */
            status: string;
            /** @description Why nothing can be captured. */
            reason?: string;
            /**
             * Format: int64
             * @description Exchanges that were not captured since the start.
             */
            capture_dropped: number;
            /**
             * @description Where limits and budgets of projects are shared: `shared`, `joining` while nodes that were cut
             *     off tell each other what they used, or `local` while each goes by what it knew last.
             */
            limits?: string;
            /** Format: date-time */
            timestamp: string;
        };
        /** @description An hour of the day. */
        HourFigures: {
            /**
             * Format: int32
             * @description 0 to 23 in the time zone asked for.
             */
            hour: number;
            /** @description The same as a clock shows it. */
            label: string;
            /**
             * Format: int64
             * @description Tokens of every kind.
             */
            tokens: number;
            /**
             * Format: int64
             * @description Exchanges, failed ones included.
             */
            requests: number;
            /** Format: int64 */
            errors: number;
            /**
             * Format: double
             * @description US dollars, of all that has a price; null when nothing has one.
             */
            cost: number | null;
            /** @description By the model that was asked. */
            models: {
                [key: string]: components["schemas"]["ModelCount"];
            };
        };
        /** @description What was used in an hour. */
        HourUsage: components["schemas"]["UsageStats"] & {
            /**
             * Format: date-time
             * @description When it began, RFC 3339.
             */
            hour: string;
        };
        /** @description The hours of the day, of all days in the stretch together. */
        HourlyStats: {
            /** @description All 24, ascending. */
            hourlyStats: components["schemas"]["HourFigures"][];
            /**
             * Format: int64
             * @description Tokens of the whole stretch.
             */
            todayTokens: number;
            /**
             * Format: int64
             * @description Exchanges of the whole stretch.
             */
            todayRequests: number;
            /**
             * Format: int64
             * @description Milliseconds from start to end on average, of those that took any.
             */
            avgResponseTime: number;
        };
        /** @description The hours of a stretch. */
        HourlyUsage: {
            /** @description Those in which something happened, ascending. */
            hourly: components["schemas"]["HourUsage"][];
        };
        /** @description How many keys a provider has. */
        KeyCounts: {
            /** @description In all. */
            total: number;
            /** @description Those that are switched on. */
            enabled: number;
            /** @description Those that a request could have at this moment. */
            available: number;
        };
        /** @description A provider's key to add. */
        KeyGiven: {
            /** @description The provider's name in the settings. */
            provider: string;
            /** @description The key. */
            api_key: string;
        };
        /** @description What another node says of a key. */
        KeyHint: {
            /** @description Why it rests there: `limited`, `spent`, `refused`. */
            rest: string;
            /**
             * Format: int64
             * @description Until when.
             */
            until: number;
            /** @description The node. */
            node: string;
        };
        /**
         * @description A key's id: FNV-1a of its secret. All 64 bits tell keys apart; the first 8 hex digits are
         *     shown. It says nothing useful of a secret with the entropy that secrets have.
         */
        KeyId: string;
        /**
         * @description How a key is.
         * @enum {string}
         */
        KeyStatus: "healthy" | "rate_limited" | "benched" | "disabled";
        /** @description A key as it is now. Moments are milliseconds since the Unix epoch. */
        KeyView: {
            /** @description Its id. */
            id: components["schemas"]["KeyId"];
            /** @description Its name, if it has one. */
            name: string | null;
            /** @description How it is. */
            status: components["schemas"]["KeyStatus"];
            /** @description Whether it is switched on. */
            enabled: boolean;
            /** @description Whether it came at run time. */
            added: boolean;
            /**
             * Format: int32
             * @description Its priority.
             */
            priority: number;
            /**
             * Format: int32
             * @description Its weight.
             */
            weight: number;
            /**
             * Format: int32
             * @description Requests under way.
             */
            in_flight: number;
            /**
             * Format: int32
             * @description What is left of it, in percent.
             */
            capacity: number;
            /** @description Requests a minute. */
            rpm: components["schemas"]["CountView"];
            /** @description Input tokens a minute. */
            itpm: components["schemas"]["CountView"];
            /** @description Output tokens a minute. */
            otpm: components["schemas"]["CountView"];
            /**
             * Format: int64
             * @description The end of a pause after a 429.
             */
            cooldown_until: number | null;
            /**
             * Format: int64
             * @description The end of a pause after a refusal.
             */
            benched_until: number | null;
            /**
             * Format: int64
             * @description When a spent subscription is whole again.
             */
            spent_until: number | null;
            hint?: components["schemas"]["KeyHint"];
            /** @description Whether requests are paid for beyond the subscription. */
            overage: boolean;
            /**
             * Format: int32
             * @description Failures since the last success.
             */
            consecutive_errors: number;
            last_error: components["schemas"]["ErrorView"] | null;
            /**
             * Format: int64
             * @description Requests in all.
             */
            requests: number;
            /**
             * Format: int64
             * @description Failures in all.
             */
            errors: number;
            /**
             * Format: int64
             * @description Input tokens in all, as far as they were counted.
             */
            input_tokens: number;
            /**
             * Format: int64
             * @description Output tokens in all, as far as they were counted.
             */
            output_tokens: number;
            /** @description The account it belongs to, as the provider calls it. */
            organization_id: string | null;
            /** @description What its provider said of each window, as far as that still holds. */
            windows: components["schemas"]["WindowView"][];
        };
        /** @description What people are shown, in milliseconds; none where nothing was measured lately. */
        Latency: {
            /**
             * Format: double
             * @description The average, in which the newest counts most.
             */
            ewma: number | null;
            /**
             * Format: double
             * @description Half were faster.
             */
            p50: number | null;
            /**
             * Format: double
             * @description 95 of 100 were faster.
             */
            p95: number | null;
            /**
             * Format: double
             * @description 99 of 100 were faster.
             */
            p99: number | null;
        };
        /** @description When the newest exchange began. */
        LatestDate: {
            /**
             * Format: date-time
             * @description Null when there is none.
             */
            latestDate: string | null;
        };
        /** @description How much at once and in a minute; what is left out is as much as one likes. */
        LimitsSpec: {
            /**
             * Format: int64
             * @description Requests in a minute, from 1 to a million million.
             * @default null
             */
            rpm: number | null;
            /**
             * Format: int64
             * @description Tokens in a minute, input and output: from 1 to a million million.
             * @default null
             */
            tpm: number | null;
            /**
             * Format: int64
             * @description Requests at once, from 1 to a million million.
             * @default null
             */
            concurrency: number | null;
        };
        /** @description That weir lives. */
        LivezResponse: {
            /** @description `alive`. */
            status: string;
            /** @description Requests under way. */
            in_flight: number;
            /** @description Whether it is about to end. */
            draining: boolean;
            /** Format: date-time */
            timestamp: string;
        };
        /** @description The price of prompts beyond a size. */
        LongPrice: components["schemas"]["Amounts"] & {
            /**
             * Format: int64
             * @description For prompts of more tokens than this.
             */
            above: number;
        };
        /** @description Somebody who manages. */
        Manager: {
            /** @description What the audit calls them. */
            name: string;
            role: components["schemas"]["Role"];
        };
        /** @description Who wants to manage. */
        ManagerCredentials: {
            /** @description The token of a manager. */
            management_token: string;
            /** @description Stay logged in for 30 days, instead of until the browser ends. */
            remember?: boolean;
        };
        /** @description What one model did. */
        ModelCount: {
            /**
             * Format: int64
             * @description Tokens of every kind.
             */
            tokens: number;
            /** Format: int64 */
            requests: number;
        };
        /** @description A model. */
        ModelFigures: {
            /** @description The model that was asked; empty where none was named. */
            model: string;
            /**
             * Format: int64
             * @description Tokens of every kind.
             */
            tokens: number;
            /**
             * Format: int64
             * @description Exchanges, failed ones included.
             */
            requests: number;
            /** Format: int64 */
            errors: number;
            /**
             * Format: double
             * @description US dollars, of all that has a price; null when nothing has one.
             */
            cost: number | null;
        };
        /** @description A model that is asked for by another name. */
        ModelMapped: {
            /** @description The provider. */
            provider: string;
            /** @description The client's name for it. */
            from: string;
            /** @description The provider's. */
            to: string;
        };
        /** @description Every model that was asked. */
        ModelStats: {
            /** @description By name. */
            modelStats: components["schemas"]["ModelFigures"][];
        };
        /** @description What a model was used for. */
        ModelUsage: {
            /** Format: int64 */
            request_count: number;
            /** Format: int64 */
            input_tokens: number;
            /** Format: int64 */
            output_tokens: number;
            /**
             * Format: int64
             * @description Read from and written to caches.
             */
            cache_tokens: number;
        };
        /** @description The exchanges before and after one. */
        Neighbours: {
            /** @description The one before, in time. */
            previous?: string;
            /** @description The one after. */
            next?: string;
            /** @description The one before in the same session. */
            previousInSession?: string;
            /** @description The one after in the same session. */
            nextInSession?: string;
        };
        /** @description A key to add. It is read by hand, so that no fault repeats a credential. */
        NewKey: {
            /** @description The credential. */
            key: string;
            /** @description What people call it. */
            name?: string | null;
            /**
             * Format: int64
             * @description Requests a minute; 0 is no limit.
             */
            rpm_limit?: number | null;
            /**
             * Format: int64
             * @description Input tokens a minute; 0 is no limit.
             */
            itpm_limit?: number | null;
            /**
             * Format: int64
             * @description Output tokens a minute; 0 is no limit.
             */
            otpm_limit?: number | null;
            /**
             * Format: int32
             * @description Higher goes first.
             */
            priority?: number | null;
            /**
             * Format: int64
             * @description Its share.
             */
            weight?: number | null;
        };
        /** @description The rules for headers, to be set. */
        NewSettings: {
            requestHeaderRules: components["schemas"]["HeaderRule"][];
            responseHeaderRules: components["schemas"]["HeaderRule"][];
            /** @description What an answer said; it is not looked at. */
            warnings?: string[] | null;
        };
        /** @description A strategy to take. */
        NewStrategy: {
            /** @enum {string} */
            strategy: "failover" | "round_robin" | "weighted_round_robin" | "shuffle" | "least_loaded" | "weighted_failover" | "model_based" | "latency_based" | "cost_based";
        };
        /** @description A weir. */
        Node: {
            /** @description Its id, another at each start. */
            id: string;
            /** @description Whether it is the one that answers. */
            this: boolean;
            /** @description The name of its host. */
            host: string;
            /** @description Where it listens, as the store's network sees it: `http://10.0.0.5:3001`. */
            address: string;
            /** @description Its version. */
            version: string;
            /**
             * Format: int64
             * @description When it started, in milliseconds since the Unix epoch.
             */
            started_ms: number;
            /**
             * Format: int64
             * @description Requests under way.
             */
            in_flight: number;
            /** @description What it does. */
            state: components["schemas"]["NodeState"];
            /** @description What its projects are kept in: `sqlite`, `postgres`, `mysql`; null without projects. */
            database: string | null;
            /** @description Whether it could read that when it last tried; null without projects, and until they are read first. */
            sees_database: boolean | null;
            /** @description Whether it could talk to Redis when it last tried; null where none is shared. */
            sees_redis: boolean | null;
            /**
             * Format: int64
             * @description Its clock less that of Redis, in milliseconds; null while it has not asked.
             */
            clock_ms: number | null;
            /**
             * Format: int64
             * @description When it last said that it lives, in milliseconds since the Unix epoch by the clock of Redis; null
             *     while it has not.
             */
            seen_ms: number | null;
        };
        /**
         * @description What a node does.
         * @enum {string}
         */
        NodeState: "starting" | "serving" | "draining";
        /** @description All nodes that are known to live, the one that answers first. */
        Nodes: {
            /** @description The nodes. */
            nodes: components["schemas"]["Node"][];
            /** @description Why there may be others that are not among them. */
            hint: string | null;
        };
        /** @description Parts of the output. */
        OutputDetails: {
            /**
             * Format: int64
             * @description Reasoning.
             */
            thinking_tokens: number;
        };
        /** @description Where a page is. */
        Pagination: {
            /** Format: int32 */
            page: number;
            /** Format: int32 */
            page_size: number;
            /** Format: int64 */
            total_count: number;
            /** Format: int64 */
            total_pages: number;
            has_next: boolean;
            has_prev: boolean;
        };
        /** @description How long it took for how many in a hundred, in milliseconds. Off by less than 2 %, except `max`. */
        Percentiles: {
            /**
             * Format: int64
             * @description Half of them took no longer.
             */
            p50: number;
            /**
             * Format: int64
             * @description Nine in ten took no longer.
             */
            p90: number;
            /**
             * Format: int64
             * @description 95 in a hundred took no longer.
             */
            p95: number;
            /**
             * Format: int64
             * @description 99 in a hundred took no longer.
             */
            p99: number;
            /**
             * Format: int64
             * @description None took longer.
             */
            max: number;
        };
        /**
         * @description How long a budget lasts. Days, weeks and months are those of UTC.
         * @enum {string}
         */
        Period: "day" | "week" | "month" | "lifetime";
        /** @description What was used of a budget in the period that lasts. */
        PeriodUsage: {
            /** @description Which. */
            period: components["schemas"]["Period"];
            /**
             * Format: double
             * @description US dollars.
             */
            usd: number;
            /**
             * Format: int64
             * @description Tokens, input and output.
             */
            tokens: number;
            /**
             * Format: date-time
             * @description When the next one begins; a lifetime has none.
             */
            resets_at?: string;
        };
        /** @description What a model costs. */
        PriceLine: components["schemas"]["Amounts"] & {
            /** @description The model; `*` is any other. */
            model: string;
            /** @description The one provider that it is for. */
            provider?: string;
            /**
             * Format: date
             * @description The first day that it is in force on, UTC.
             */
            from?: string;
            /** @description The one service tier that it is for. */
            tier?: string;
            /** @description What large prompts cost instead. */
            long?: components["schemas"]["LongPrice"][];
            /** @description What other service tiers cost. */
            tiers?: components["schemas"]["TierPrice"][];
            /**
             * Format: int32
             * @description What inference in the United States alone costs, in percent of all of that.
             */
            usPercent?: number;
            source: components["schemas"]["PriceSource"];
            /** @description The model whose price it has. */
            aliasOf?: string;
        };
        /** @description What models cost. */
        PriceList: {
            /** @description Those of the configuration first. */
            prices: components["schemas"]["PriceLine"][];
            /** @description Of the last thirty days. */
            unpriced: components["schemas"]["Unpriced"][];
        };
        /**
         * @description Where a price is from.
         * @enum {string}
         */
        PriceSource: "catalogue" | "configuration" | "stored";
        /** @description A tenant. */
        Project: {
            /**
             * Format: uuid
             * @description Its id.
             */
            id: string;
            /** @description Its name, which no other has. */
            name: string;
            /** @description What is shown of its first key; none uses the gateway's. */
            api_key: string | null;
            /** @description Its keys. */
            keys: components["schemas"]["ProjectKey"][];
            /** @description Whether its tokens work. */
            is_active: boolean;
            /**
             * Format: date-time
             * @description When it was switched off.
             */
            deactivated_at?: string;
            /**
             * Format: date-time
             * @description When it was made.
             */
            created_at: string;
            /**
             * Format: date-time
             * @description When it was last changed.
             */
            updated_at: string;
            /** @description What its tokens may ask for. */
            rules: components["schemas"]["RulesSpec"];
            /** @description How fast, all its tokens together. */
            limits: components["schemas"]["LimitsSpec"];
            /** @description How much, all its tokens together. */
            budgets: components["schemas"]["BudgetSpec"][];
            /** @description What was used of each budget in the period that lasts. */
            usage: components["schemas"]["PeriodUsage"][];
            /** @description Its tokens. */
            tokens: components["schemas"]["TokenNumbers"];
            /**
             * Format: int64
             * @description Requests of all its tokens that were let through to a provider.
             */
            request_count: number;
        };
        /** @description How the cache does for a project. Counts are of this process, since its start. */
        ProjectCacheState: {
            /** Format: uuid */
            project_id: string;
            /**
             * Format: int64
             * @description Its requests that were answered from the cache.
             */
            hits: number;
            /**
             * Format: int64
             * @description Those that found nothing.
             */
            misses: number;
            /**
             * Format: int64
             * @description Entries of which a provider said that they still hold.
             */
            revalidations: number;
            /**
             * Format: double
             * @description Of its requests that were for the cache, the part that was answered from it: 0 to 1. Null before
             *     the first.
             */
            hit_rate: number | null;
            /**
             * Format: int64
             * @description Answers that were stored.
             */
            stores: number;
            /**
             * Format: int64
             * @description Bytes of their bodies, of those that went since among them.
             */
            stored_bytes: number;
        };
        /** @description What is to change. */
        ProjectChange: {
            /** @description Another name. */
            name?: string | null;
            /** @description A key that takes the place of those of its provider; empty keeps them. */
            api_key?: string | null;
            /** @description The provider of `api_key`; `openai` if left out. */
            provider?: string | null;
            /** @description Keys that take the place of those of their providers. */
            keys?: components["schemas"]["KeyGiven"][];
            /** @description Ids of keys to take away. */
            remove_keys?: string[];
            /** @description On or off. */
            is_active?: boolean | null;
            /** @description Revoke every token; only with `is_active: false`. */
            revoke_tokens?: boolean | null;
            rules?: components["schemas"]["RulesSpec"] | null;
            limits?: components["schemas"]["LimitsSpec"] | null;
            /** @description How much. */
            budgets?: components["schemas"]["BudgetSpec"][] | null;
        };
        /** @description A provider's key of a project. */
        ProjectKey: {
            /** Format: uuid */
            id: string;
            /** @description The provider. */
            provider: string;
            /** @description What is shown of it. */
            hint: string;
            /**
             * Format: date-time
             * @description When it was added.
             */
            created_at: string;
        };
        /** @description What a project is called. */
        ProjectName: {
            /**
             * Format: uuid
             * @description Its id, as exchanges and figures have it.
             */
            id: string;
            /** @description Its name at this moment. */
            name: string;
        };
        /** @description A project to make. */
        ProjectNew: {
            /** @description Its name. */
            name: string;
            /** @description Its key, where it has one; without any key the gateway's are used. */
            api_key?: string | null;
            /** @description The provider of `api_key`; `openai` if left out. */
            provider?: string | null;
            /** @description More keys. */
            keys?: components["schemas"]["KeyGiven"][];
            rules?: components["schemas"]["RulesSpec"] | null;
            limits?: components["schemas"]["LimitsSpec"] | null;
            /** @description How much. */
            budgets?: components["schemas"]["BudgetSpec"][] | null;
        };
        /** @description The grade of a prompt, as it is stored and shown. */
        PromptGrade: {
            /**
             * Format: double
             * @description 1 to [`MAX_SCORE`], 0 while the judge is at work.
             */
            score: number;
            /**
             * Format: double
             * @description [`MAX_SCORE`].
             */
            maxScore: number;
            /** @description What is good and what is not. */
            feedback: string;
            /** @description The prompt as the judge would have written it. */
            improvedPrompt: string;
            criteria?: components["schemas"]["Criteria"];
            /** @description When it was graded (RFC 3339). */
            gradingTimestamp: string;
            /** @description Whether the judge is still at work. */
            isProcessing: boolean;
        };
        /** @description A provider in few figures. */
        ProviderBrief: {
            /** @description Its name. */
            name: string;
            /** @description Whether it is switched on. */
            enabled: boolean;
            /** @description How it is. */
            status: components["schemas"]["ProviderStatus"];
            /** @description Where its breaker stands. */
            breaker: components["schemas"]["BreakerState"];
            /**
             * Format: int64
             * @description Requests under way.
             */
            in_flight: number;
            /** @description Requests since the start. */
            requests: components["schemas"]["RequestTotals"];
            /** @description Time to its first byte, in milliseconds. */
            latency: components["schemas"]["Latency"];
            /** @description Tokens since the start. */
            tokens: components["schemas"]["TokenTotals"];
            /** @description Its keys. */
            keys: components["schemas"]["KeyCounts"];
        };
        /**
         * @description How a provider is.
         * @enum {string}
         */
        ProviderStatus: "healthy" | "degraded" | "unhealthy" | "disabled";
        /** @description A provider as it is now. */
        ProviderView: {
            /** @description Its name. */
            name: string;
            /** @description What it is, in the configuration's word. */
            type: string;
            /** @description Who owns its models. */
            owner: string;
            /** @description Where it is, without a user name or password. */
            base_url: string;
            /** @description The dialects it is used for. */
            dialects: string[];
            /** @description The models it lists; empty where the upstream is asked. */
            models: string[];
            /** @description Whether it is switched on. */
            enabled: boolean;
            /** @description How it is. */
            status: components["schemas"]["ProviderStatus"];
            /** @description Its breaker. */
            breaker: components["schemas"]["Breaker"];
            /**
             * Format: int64
             * @description Requests under way.
             */
            in_flight: number;
            /** @description Requests since the start. */
            requests: components["schemas"]["RequestTotals"];
            /** @description Time to its first byte, in milliseconds; null where nothing was measured lately. */
            latency: components["schemas"]["Latency"];
            /** @description Tokens since the start. */
            tokens: components["schemas"]["TokenTotals"];
            /**
             * Format: int32
             * @description Its share in the weighted strategies.
             */
            weight: number;
            /**
             * Format: int32
             * @description Its rank in `failover`; higher first.
             */
            priority: number;
            /** @description Its keys, in order; empty where clients' or a cloud's credentials are used. */
            keys: components["schemas"]["KeyView"][];
        };
        /** @description Every provider. */
        Providers: {
            /** @description In the order of the configuration. */
            providers: components["schemas"]["ProviderView"][];
        };
        /** @description The rules for headers. */
        ProxySettings: {
            /** @description Changes of the headers that providers get, in their order. */
            requestHeaderRules: components["schemas"]["HeaderRule"][];
            /** @description Changes of the headers that clients get, in their order. */
            responseHeaderRules: components["schemas"]["HeaderRule"][];
            /** @description What agents may miss because of them, and what else is odd. */
            warnings?: string[];
        };
        /** @description What is to be expected of a key's quotas. Moments are milliseconds since the Unix epoch. */
        Quota: {
            provider: string;
            key: components["schemas"]["KeyId"];
            name: string | null;
            organization_id: string | null;
            status: components["schemas"]["KeyStatus"];
            /** @description Whether requests are paid for beyond the subscription. */
            overage: boolean;
            /**
             * Format: int64
             * @description The end of a pause because a window is spent.
             */
            spent_until: number | null;
            /**
             * Format: int64
             * @description When the first of its windows is spent at the present rate.
             */
            spent_at: number | null;
            /** @description Whether the least urgent requests have to wait. */
            short: boolean;
            windows: components["schemas"]["WindowView"][];
        };
        /** @description Quotas over time. */
        QuotaHistory: {
            /** @description Each window of each key. */
            series: components["schemas"]["QuotaSeries"][];
        };
        /** @description What was said at a moment. */
        QuotaPoint: {
            /**
             * Format: date-time
             * @description When, RFC 3339.
             */
            time: string;
            /**
             * Format: double
             * @description The part that was spent, 0 to 1.
             */
            utilization: number | null;
            /**
             * Format: int64
             * @description What was left, in requests or tokens.
             */
            remaining?: number;
            /**
             * Format: int64
             * @description The whole of it.
             */
            limit?: number;
            /**
             * Format: date-time
             * @description When it is whole again, RFC 3339.
             */
            reset?: string;
        };
        /** @description One window of a key's quota over time. */
        QuotaSeries: {
            /** @description The provider's name. */
            provider: string;
            /** @description The id of the key, or the digest of the client's own. */
            key?: string;
            /** @description The provider's organisation. */
            organization?: string;
            /** @description `5h`, `7d`, `requests`, `tokens`, `input`, `output`, `codex_primary`, `codex_secondary`. */
            window: string;
            /** @description Ascending. */
            points: components["schemas"]["QuotaPoint"][];
        };
        /** @description Every key's quotas. */
        Quotas: {
            /**
             * Format: int64
             * @description Now, in milliseconds since the Unix epoch.
             */
            timestamp_ms: number;
            keys: components["schemas"]["Quota"][];
        };
        /** @description What a reload has done. */
        Reloaded: {
            /**
             * @description The paths of the settings that are others than before, such as `routing.strategy`, those
             *     that need a restart included.
             */
            changed: string[];
            /** @description Those of them that take effect only with a restart. */
            needs_restart: string[];
            /** @description What is odd in the configuration but stops nothing, each a sentence. */
            warnings: string[];
        };
        /** @description A key that is no more. */
        Removed: {
            provider: string;
            id: components["schemas"]["KeyId"];
            removed: boolean;
        };
        /** @description Whole exchanges. */
        RequestList: {
            requests: components["schemas"]["RequestLog"][];
            /**
             * Format: int64
             * @description How many there are on all pages; null when counting them would take too long.
             */
            total: number | null;
        };
        /** @description An exchange whole: its summary's fields, what was sent and what came back. */
        RequestLog: components["schemas"]["RequestSummary"] & {
            /** @description The client's headers, credentials blotted out. */
            headers: {
                [key: string]: string[];
            };
            /** @description The request body: as it came if it is JSON, else its text. */
            body?: Json;
            /** @description The client's `User-Agent`. */
            userAgent: string;
            /** @description The request's `Content-Type`. */
            contentType: string;
            /** @description One for each message sent, to see which requests extend which: 16 hex digits. */
            messageFingerprints?: string[];
            /** @description What is wrong with the stored request body; absent when nothing is. */
            bodyDamaged?: string;
            costParts?: components["schemas"]["CostParts"];
            sent?: components["schemas"]["SentLog"];
            promptGrade?: components["schemas"]["PromptGrade"];
            response?: components["schemas"]["ResponseLog"];
        };
        /** @description An exchange without bodies, as lists have it. */
        RequestSummary: {
            /** @description The exchange. */
            requestId: string;
            /** @description When it began. */
            timestamp: string;
            /** @description The client's method. */
            method: string;
            /** @description The path without the query. */
            endpoint: string;
            /** @description The query, credentials blotted out. */
            query?: string;
            /** @description The model that the client named. */
            model?: string;
            /** @description The same: the model before any routing. */
            originalModel?: string;
            /** @description The model that was asked instead. */
            routedModel?: string;
            /** @description The provider's name. */
            provider: string;
            /** @description What the client speaks. */
            dialect: string;
            /** @description What it asked for. */
            operation: string;
            /** @enum {string} */
            state: "open" | "complete" | "interrupted" | "client_gone" | "upstream_broke" | "gateway_error" | "lost";
            /**
             * Format: int32
             * @description The status that the client got.
             */
            statusCode?: number;
            /**
             * Format: int64
             * @description Milliseconds from start to end.
             */
            responseTime?: number;
            /**
             * Format: int64
             * @description Milliseconds from the start to the upstream's response headers.
             */
            ttfb?: number;
            /**
             * Format: int64
             * @description Milliseconds from the start to the first content.
             */
            firstContent?: number;
            usage?: components["schemas"]["Usage"];
            /**
             * Format: double
             * @description What it cost in US dollars, by the prices in force now for that day; null when one is
             *     missing, or the provider counted no tokens.
             */
            cost: number | null;
            /** @description What groups the turns of one conversation. */
            conversationHash?: string;
            /**
             * Format: int32
             * @description Entries in the conversation sent.
             */
            messageCount?: number;
            /** @description Why the model stopped. */
            stopReason?: string;
            /** @description What ended the response early. */
            streamError?: string;
            /** @description The client's session. */
            sessionId?: string;
            /** @description The agent within it. */
            agentId?: string;
            /** @description The agent that started that one. */
            parentAgentId?: string;
            /** @description What the client is. */
            clientKind?: string;
            /** @description A keyed hash of the client's credential. */
            keyDigest?: string;
            /** @description The provider's organisation. */
            organizationId?: string;
            /** @description The client's own request id. */
            clientRequestId?: string;
            /** @description Whether the client asked for a stream. */
            isStreaming: boolean;
            /**
             * Format: int64
             * @description Bytes of the request body.
             */
            requestBytes: number;
            /**
             * Format: int64
             * @description Bytes of the response body.
             */
            responseBytes?: number;
            /**
             * Format: int32
             * @description Times the upstream was tried.
             */
            attempts?: number;
            /**
             * Format: int64
             * @description Milliseconds of the longest silence within the response.
             */
            longestGap?: number;
            /**
             * Format: double
             * @description Tokens of output for each second from the first content to the end.
             */
            tokensPerSecond?: number;
            /**
             * @description What the client says its request is for: `main`, `subagent`, `auxiliary`, `compaction`,
             *     `workflow`.
             */
            class?: string;
            /** @description Which of its agents the client says sends it. */
            agentType?: string;
            /** @description The subagent by whose rule it was routed. */
            subagent?: string;
            /** @description The project whose token it brought, by its id. */
            projectId?: string;
            /** @description The token, by its id. */
            tokenId?: string;
            route?: components["schemas"]["RouteLog"];
            /** @description The node that took it; absent where that is the one that tells, unless captures are shared. */
            node?: string;
        };
        /** @description Requests since the start. One that was tried at two providers counts at both. */
        RequestTotals: {
            /**
             * Format: int64
             * @description Those that have ended, however they did, and those under way.
             */
            total: number;
            /**
             * Format: int64
             * @description Those that were answered to the end, also by what is the client's fault.
             */
            succeeded: number;
            /**
             * Format: int64
             * @description Those that failed: to connect, by the provider's fault, or in the middle of an answer.
             */
            failed: number;
        };
        /** @description What came back. */
        ResponseLog: {
            /**
             * Format: int32
             * @description The status that the client got; absent when it left before there was one.
             */
            statusCode?: number;
            /** @description The upstream's headers, credentials blotted out. */
            headers: {
                [key: string]: string[];
            };
            /** @description The body if it is JSON, or the message that a stream amounts to. */
            body?: Json;
            /** @description The body's text instead: errors, and what is not JSON. */
            bodyText?: string;
            /** @description What ended the response early, or the error that came within it. */
            streamError?: string;
            /**
             * Format: int64
             * @description Milliseconds from start to end.
             */
            responseTime: number;
            /** @description The event stream's frames as they came. */
            streamingChunks?: string[];
            /** @description When each of them was there whole. */
            chunkTimings?: components["schemas"]["ChunkTiming"][];
            /** @description Whether the client asked for a stream. */
            isStreaming: boolean;
            /** @description When it ended. */
            completedAt: string;
            /** @description What the headers say of limits. */
            rateLimit?: Json;
            /** @description The usage object, with all that the provider said. */
            usage?: Json;
            /** @description Whether the stored body lacks bytes that the client did get. */
            truncated: boolean;
            /** @description What is wrong with the stored body; absent when nothing is. */
            bodyDamaged?: string;
        };
        /** @description How many tokens were revoked. */
        RevokedTokens: {
            /**
             * Format: int64
             * @description By this call.
             */
            revoked_count: number;
            /**
             * Format: int64
             * @description Before.
             */
            already_revoked_count: number;
            /**
             * Format: int64
             * @description All that there are.
             */
            total_tokens: number;
        };
        /**
         * @description What somebody may do. Each may do what those before it may.
         * @enum {string}
         */
        Role: "read" | "operate" | "admin";
        /** @description A rotation. */
        Rotation: {
            /**
             * Format: int64
             * @description How long the secret before still works, in minutes: at most 10080.
             * @default 0
             */
            overlap_minutes: number;
        };
        /** @description How an exchange found its provider. */
        RouteLog: {
            /** @description The strategy in force. */
            strategy: string;
            /** @description Why its first candidate went first: `strategy`, `affinity`, `issuer`, ... */
            reason: string;
            /** @description What the session was told by. */
            session?: string;
            /** @description The id of the key that was used. */
            key?: string;
            subagent?: components["schemas"]["SubagentLog"];
            /**
             * Format: int32
             * @description Changes to thinking blocks in the request.
             */
            edits?: number;
            /** @description Every try in order; absent when the first was the answer. */
            tries?: components["schemas"]["TryLog"][];
        };
        /** @description How requests find their provider. */
        Routing: {
            /** @enum {string} */
            strategy: "failover" | "round_robin" | "weighted_round_robin" | "shuffle" | "least_loaded" | "weighted_failover" | "model_based" | "latency_based" | "cost_based";
            strategies: ("failover" | "round_robin" | "weighted_round_robin" | "shuffle" | "least_loaded" | "weighted_failover" | "model_based" | "latency_based" | "cost_based")[];
            /** @description Which models are asked for by other names. */
            modelMap: components["schemas"]["ModelMapped"][];
            /** @description Which subagents have models of their own. */
            subagents: components["schemas"]["SubagentsView"];
        };
        /** @description Allow-lists as people write them. A list that is left out or empty allows all. */
        RulesSpec: {
            /**
             * @description Patterns for the model that a client asks for: `*` is any text without a slash.
             * @default []
             */
            allowed_models: string[];
            /**
             * @description Paths with all that is below them, segment by segment; `*` stands for one segment.
             * @default []
             */
            allowed_endpoints: string[];
            /**
             * @description Methods.
             * @default []
             */
            allowed_methods: string[];
            /**
             * @description Values of `Origin`, whole: scheme, host and port.
             * @default []
             */
            allowed_origins: string[];
            /**
             * @description Headers that every request must have; `origin` is one of them.
             * @default []
             */
            required_headers: string[];
            /**
             * @description Patterns for the values of members at the top of a JSON body, by their names.
             * @default {}
             */
            param_whitelist: {
                [key: string]: string[];
            };
        };
        /** @description That a kind of client has come. */
        Seen: {
            /**
             * Format: date-time
             * @description When its first request began.
             */
            first: string;
            /**
             * Format: date-time
             * @description When its newest began.
             */
            last: string;
            /** Format: int64 */
            requests: number;
        };
        /** @description What became of the body. */
        SentBodyLog: {
            /** @enum {string} */
            verdict: "identical" | "edited" | "translated" | "unknown";
            /** @description The places where it differs, in order. */
            edits: components["schemas"]["SentEdit"][];
            /**
             * Format: int64
             * @description Its length, in bytes.
             */
            size?: number;
        };
        /** @description A place where a body differs from the client's. */
        SentEdit: {
            /**
             * Format: int64
             * @description Where in the client's body, in bytes.
             */
            at: number;
            /**
             * Format: int64
             * @description Bytes of the client's that are gone.
             */
            removed: number;
            /**
             * Format: int64
             * @description Bytes that stand there instead.
             */
            inserted: number;
        };
        /** @description What went to the provider that answered, or to the last that was tried. */
        SentLog: {
            /** @description The address, credentials blotted out. */
            url: string;
            /** @description The headers as they went out, credentials blotted out. */
            headers: {
                [key: string]: string[];
            };
            /** @description In what they differ from the client's, by name. */
            changes: components["schemas"]["HeaderChange"][];
            /** @description What became of the body. */
            body: components["schemas"]["SentBodyLog"];
        };
        /** @description Uses of the provider's own tools. */
        ServerToolUse: {
            /**
             * Format: int64
             * @description Searches.
             */
            web_search_requests: number;
        };
        /** @description One agent of a session. */
        SessionAgent: {
            /**
             * @description Its id; null for the main one. Where the client names none, the id of the call that started
             *     it.
             */
            id: string | null;
            /** @description The agent that started it; null for the main one, and where it was that. */
            parent: string | null;
            /** @description Which of its agents the client says it is. */
            type?: string;
            /** @description The exchange whose answer started it, where that is known by the prompt. */
            startedBy?: string;
            /** @description The subagent by whose rule it was routed. */
            subagent?: string;
            /**
             * Format: int64
             * @description Exchanges that ended.
             */
            requests: number;
            /** @description Tokens that it took. */
            usage: components["schemas"]["Usage"];
            /**
             * Format: double
             * @description US dollars; null when a price is not known.
             */
            cost: number | null;
            /** @description Its first exchange. */
            firstRequest?: string;
            /** @description Its newest exchange. */
            lastRequest?: string;
        };
        /** @description A session whole, with one page of its turns. */
        SessionDetail: components["schemas"]["SessionOutline"] & {
            /** @description The main one first, then in order of their first exchange. */
            agents: components["schemas"]["SessionAgent"][];
            /** @description Oldest first. */
            turns: components["schemas"]["Turn"][];
            /**
             * Format: int64
             * @description All turns.
             */
            total: number;
            /**
             * Format: int32
             * @description Turns passed over.
             */
            offset: number;
            /**
             * Format: int32
             * @description Most turns on a page.
             */
            limit: number;
        };
        /** @description What was forgotten. */
        SessionForgotten: {
            /** @description What was done, in words. */
            message: string;
            /**
             * Format: int64
             * @description How many exchanges.
             */
            deleted: number;
        };
        /** @description Sessions. */
        SessionList: {
            sessions: components["schemas"]["SessionSummary"][];
            /** @description Where the list goes on; null at its end. */
            nextCursor: string | null;
            /**
             * Format: int64
             * @description How many there are in all; null when counting them would take too long.
             */
            total?: number;
            /**
             * @description Whether all of the history was looked through. If not, the search stopped for time at
             *     `nextCursor`: ask again with it to go on.
             */
            complete: boolean;
        };
        /** @description What a session is and adds up to. */
        SessionOutline: {
            /** @description The client's id of it, or the conversation's hash. */
            id: string;
            /** @enum {string} */
            grouping: "session" | "conversation";
            /** @description What the client is. */
            client?: string;
            /** @description A title: the transcript's, one that the client asked a model for, or the first words. */
            title?: string;
            /** @description The directory that the agent works in, where a transcript tells. */
            projectName?: string;
            transcript?: components["schemas"]["TranscriptLink"];
            /**
             * Format: date-time
             * @description When its first exchange began.
             */
            startTime: string;
            /**
             * Format: date-time
             * @description When its last exchange ended, or began if it has not.
             */
            lastActivity: string;
            /**
             * Format: int64
             * @description Milliseconds between the two.
             */
            duration: number;
            /**
             * Format: int64
             * @description Exchanges.
             */
            requests: number;
            /**
             * Format: int64
             * @description Exchanges with a status of 400 or more, or that did not end well.
             */
            errors: number;
            /** @description Models that were asked. */
            models: string[];
            /** @description Tokens that it took. */
            usage: components["schemas"]["Usage"];
            /**
             * Format: double
             * @description US dollars; null when a price is not known.
             */
            cost: number | null;
            /**
             * Format: int64
             * @description Input tokens of the newest turn of the main agent, whether cached or not; 0 before it.
             */
            contextTokens: number;
        };
        /** @description A session without its turns. */
        SessionSummary: components["schemas"]["SessionOutline"] & {
            /**
             * Format: int64
             * @description Agents besides the main one.
             */
            agents: number;
        };
        /** @description A session, as routing knows it. */
        SessionTold: {
            /** @description A hash over what told of it, 16 hexadecimal digits. */
            id: string;
            /** @enum {string} */
            by: "header" | "turn_state" | "body" | "prefix";
        };
        /** @description How to set clients up. */
        Setup: {
            /** @description The address that clients are told. */
            baseUrl: string;
            /** @description Whether they have to send a token of weir's. */
            tokenNeeded: boolean;
            clients: components["schemas"]["SetupClient"][];
        };
        /** @description How to set one up. */
        SetupClient: {
            /** @description What it is. */
            id: string;
            /** @description What it is called. */
            name: string;
            snippets: components["schemas"]["Snippet"][];
            seen: components["schemas"]["Seen"] | null;
        };
        /** @description How one sink is doing. Counts are those of this process since its start. */
        SinkView: {
            /** @description Its name in the settings. */
            name: string;
            /** @description Which service it is. */
            kind: string;
            /** @description Its group of readers. */
            group: string;
            /**
             * Format: int64
             * @description Events that wait for it: in this process, or in the stream.
             */
            waiting: number;
            /**
             * Format: int64
             * @description Of those in the stream, the ones that a reader holds and has not delivered.
             */
            pending: number;
            /**
             * Format: date-time
             * @description When the oldest that waits came.
             */
            oldest_waiting?: string;
            /**
             * Format: int64
             * @description Events that it has.
             */
            delivered: number;
            /**
             * Format: int64
             * @description Events that are nothing for it.
             */
            skipped: number;
            /**
             * Format: int64
             * @description Events that it will never take.
             */
            refused: number;
            /**
             * Format: int64
             * @description Times that an event was offered again.
             */
            retried: number;
            /**
             * Format: int64
             * @description Events that were dropped, because too many waited.
             */
            dropped: number;
            /**
             * Format: int64
             * @description Events that became dead letters: refused, offered too often, or not to be read.
             */
            dead: number;
            /**
             * Format: int64
             * @description Dead letters that are kept.
             */
            dead_kept: number;
            /**
             * Format: date-time
             * @description When it last took one.
             */
            last_success?: string;
            /**
             * Format: date-time
             * @description When it last did not.
             */
            last_failure?: string;
            /** @description Why not. */
            last_error?: string;
            /** @description The latest dead letters, the newest first. */
            dead_letters: components["schemas"]["DeadLetter"][];
        };
        /** @description Lines to copy. */
        Snippet: {
            /** @description What they do, and where they belong. */
            title: string;
            /** @enum {string} */
            language: "sh" | "toml" | "json" | "python" | "typescript";
            text: string;
        };
        /** @description The gateway in few figures. */
        Stats: {
            /** @description The version of weir. */
            version: string;
            /**
             * Format: int64
             * @description When these figures were taken.
             */
            timestamp_ms: number;
            /**
             * Format: int64
             * @description How long weir has run.
             */
            uptime_ms: number;
            /** @description How providers are picked, in the configuration's word. */
            strategy: string;
            /**
             * Format: int64
             * @description Requests that clients have under way.
             */
            active: number;
            /** @description The sum over the providers. */
            requests: components["schemas"]["RequestTotals"];
            /** @description The sum over the providers. */
            tokens: components["schemas"]["TokenTotals"];
            /** @description Every provider, in the order of the configuration. */
            providers: components["schemas"]["ProviderBrief"][];
        };
        /** @description The figures of this moment and of days. */
        StatsAndDays: components["schemas"]["Stats"] & {
            /** @description The days on which something happened, ascending. */
            dailyStats: components["schemas"]["DayFigures"][];
            /** @description Why there are no days, when the history cannot be used. */
            historyError?: string;
        };
        /** @description The edits that are kept. */
        Stored: {
            /** @description Path to value, as it would stand in the environment. */
            settings: {
                [key: string]: string;
            };
        };
        /** @description The strategy in force. */
        Strategies: {
            /** @enum {string} */
            strategy: "failover" | "round_robin" | "weighted_round_robin" | "shuffle" | "least_loaded" | "weighted_failover" | "model_based" | "latency_based" | "cost_based";
            strategies: ("failover" | "round_robin" | "weighted_round_robin" | "shuffle" | "least_loaded" | "weighted_failover" | "model_based" | "latency_based" | "cost_based")[];
        };
        /** @description How the stream of events is doing. */
        StreamView: {
            /** @description Its key. */
            key: string;
            /** @description Whether Redis could be used last. */
            connected: boolean;
            /**
             * Format: int64
             * @description Entries in it; none if that is not known.
             */
            length?: number;
            /**
             * Format: int64
             * @description Events that wait in this process for Redis.
             */
            waiting: number;
            /**
             * Format: int64
             * @description Events that Redis has taken since the start.
             */
            published: number;
            /**
             * Format: int64
             * @description Events that were dropped since the start, because too many waited for Redis.
             */
            dropped: number;
        };
        /** @description The subagent that a request was told to be from, and what it gets. */
        SubagentLog: {
            /** @description Its name in the settings. */
            name: string;
            /** @enum {string} */
            rule: "prefix" | "hash" | "header" | "marker";
            /** @description Its model. */
            model: string;
            /** @description The provider that its requests go to. */
            provider?: string;
        };
        /** @description A subagent that has a model of its own. */
        SubagentTold: {
            /** @description Its name in the settings. */
            name: string;
            /** @enum {string} */
            rule: "prefix" | "hash" | "header" | "marker";
            /** @description Its model. */
            model: string;
        };
        /** @description One mapping. */
        SubagentView: {
            /** @description The subagent's name in the settings. */
            name: string;
            /** @description Its model. */
            model: string;
            /** @description The provider, if one is named. */
            provider?: string;
            /** @description The file that its prompt is from. */
            file?: string;
            /** @description The hash of its prompt, 16 hexadecimal digits. */
            hash?: string;
            /** @description Whether its requests can be told by their prompt. */
            loaded: boolean;
            /** @description What is wrong with it; a sentence. */
            warning?: string;
        };
        /** @description Which subagents have models of their own. */
        SubagentsView: {
            /** @description Whether they are told apart at all. */
            enabled: boolean;
            /** @description Every mapping. */
            agents: components["schemas"]["SubagentView"][];
        };
        /** @description Exchanges without bodies. */
        SummaryList: {
            requests: components["schemas"]["RequestSummary"][];
            /**
             * Format: int64
             * @description How many there are in all; null when counting them would take too long.
             */
            total: number | null;
            /** Format: int32 */
            offset: number;
            /** Format: int32 */
            limit: number;
            /** @description Where there may be more: the `cursor` of the next call. */
            nextCursor: string | null;
            /**
             * @description Whether the search came to its end or its limit; if not it stopped for time, and
             *     `nextCursor` goes on.
             */
            complete: boolean;
        };
        /** @description What a service tier costs. */
        TierPrice: components["schemas"]["Amounts"] & {
            /** @description `batch`, `flex`, `priority`, `fast` or `ultrafast`. */
            tier: string;
            /** @description What large prompts cost on it; those that are not here have no known price on it. */
            long?: components["schemas"]["LongPrice"][];
        };
        /** @description What a project has handed out. */
        Token: {
            /**
             * Format: uuid
             * @description Its id, which is no secret.
             */
            id: string;
            /** @description What is shown of its secret. */
            token: string;
            /** @description What people call it. */
            name: string | null;
            /**
             * Format: uuid
             * @description The project.
             */
            project_id: string;
            /**
             * Format: uuid
             * @description The token that it was made from and cannot outdo.
             */
            parent_id: string | null;
            /**
             * Format: date-time
             * @description When it stops to work.
             */
            expires_at: string | null;
            /** @description Whether it was not revoked. */
            is_active: boolean;
            /** @description What it is good for. */
            state: components["schemas"]["TokenState"];
            /**
             * Format: date-time
             * @description When it was revoked.
             */
            deactivated_at: string | null;
            /**
             * Format: int64
             * @description Requests that were let through to a provider.
             */
            request_count: number;
            /**
             * Format: int64
             * @description Requests that it is good for.
             */
            max_requests: number | null;
            /**
             * Format: date-time
             * @description When it was made.
             */
            created_at: string;
            /**
             * Format: date-time
             * @description When it was last used.
             */
            last_used_at: string | null;
            /**
             * Format: int64
             * @description Requests that were answered from the cache.
             */
            cache_hit_count: number;
            /** @description What it may ask for, besides what its project allows. */
            rules: components["schemas"]["RulesSpec"];
            /** @description How fast. */
            limits: components["schemas"]["LimitsSpec"];
            /** @description How much. */
            budgets: components["schemas"]["BudgetSpec"][];
            /** @description What was used of each budget in the period that lasts. */
            usage: components["schemas"]["PeriodUsage"][];
        };
        /** @description What is to change. */
        TokenChange: {
            /** @description On or off. */
            is_active?: boolean | null;
            /**
             * Format: int64
             * @description Requests that it is good for; 0 is any number.
             */
            max_requests?: number | null;
            /** @description What people call it. */
            name?: string | null;
            rules?: components["schemas"]["RulesSpec"] | null;
            limits?: components["schemas"]["LimitsSpec"] | null;
            /** @description How much. */
            budgets?: components["schemas"]["BudgetSpec"][] | null;
        };
        /** @description A token with its secret, which is shown this once. */
        TokenMade: {
            /**
             * Format: uuid
             * @description Its id.
             */
            id: string;
            /** @description Its secret. */
            token: string;
            /**
             * Format: date-time
             * @description When it stops to work.
             */
            expires_at: string | null;
            /**
             * Format: int64
             * @description Requests that it is good for.
             */
            max_requests?: number;
        };
        /** @description A token to make. */
        TokenNew: {
            /**
             * Format: uuid
             * @description The project.
             */
            project_id: string;
            /**
             * Format: uuid
             * @description A token of the same project, which the new one can never outdo.
             */
            parent_id?: string | null;
            /** @description What people call it. */
            name?: string | null;
            /**
             * Format: int64
             * @description How long it lives, in minutes: at most 525600.
             */
            duration_minutes: number;
            /**
             * Format: int64
             * @description Requests that it is good for; 0 is any number.
             */
            max_requests?: number | null;
            rules?: components["schemas"]["RulesSpec"] | null;
            limits?: components["schemas"]["LimitsSpec"] | null;
            /** @description How much. */
            budgets?: components["schemas"]["BudgetSpec"][] | null;
        };
        /** @description Tokens in numbers. */
        TokenNumbers: {
            /**
             * Format: int64
             * @description All that there are.
             */
            total: number;
            /**
             * Format: int64
             * @description Those that are neither revoked nor expired nor used up.
             */
            active: number;
        };
        /**
         * @description What a token is good for.
         * @enum {string}
         */
        TokenState: "active" | "revoked" | "expired" | "used_up";
        /** @description Tokens since the start, as far as providers told them. */
        TokenTotals: {
            /**
             * Format: int64
             * @description Input, cached input included.
             */
            input: number;
            /**
             * Format: int64
             * @description Output.
             */
            output: number;
        };
        /** @description The transcript of a session on disk. */
        TranscriptLink: {
            /** @description The directory's name. */
            project: string;
            /** @description The file's stem. */
            id: string;
        };
        /** @description One line of a transcript as it is shown. */
        TranscriptMessage: {
            /** @description The line that it answers. */
            parentUuid: string | null;
            /** @description Whether a subagent says it. */
            isSidechain: boolean;
            userType: string | null;
            /** @description The directory that the agent worked in. */
            cwd: string | null;
            sessionId: string | null;
            /** @description The client's version. */
            version: string | null;
            /** @description `user`, `assistant`, `system`, `summary`, ... */
            type: string | null;
            /** @description What is said, as it stands in the file. */
            message: Json;
            uuid: string | null;
            timestamp: string | null;
        };
        /** @description One try at one provider. */
        TryLog: {
            /** @description The provider. */
            provider: string;
            /** @description The id of the key. */
            key?: string;
            /**
             * Format: int64
             * @description Milliseconds from the start of the exchange.
             */
            started: number;
            /**
             * Format: int64
             * @description Milliseconds that it took to the response headers or the failure.
             */
            took: number;
            /**
             * Format: int32
             * @description The status that came.
             */
            status?: number;
            /** @description Why it was no answer. */
            failure?: string;
        };
        /** @description One exchange of a session. */
        Turn: components["schemas"]["RequestSummary"] & {
            /** @enum {string} */
            kind: "main" | "subagent" | "side" | "count" | "retry" | "probe";
            /** @enum {string} */
            relation: "new" | "extends" | "fork" | "compaction" | "retry";
            /** @description The exchange that it goes on from. */
            extends?: string;
            /** @description The first message that the other did not have, from 0. */
            newFrom: number;
            /** @description The exchange that it repeats. */
            retryOf?: string;
            /**
             * @description What the client calls the prompt of the user's that brought it about: the same for all
             *     requests until the next prompt.
             */
            promptId?: string;
        };
        /** @description A model that was used and has no price. */
        Unpriced: {
            model: string;
            /**
             * Format: int64
             * @description How many took tokens.
             */
            requests: number;
        };
        /** @description Token counts, in Anthropic's words. */
        Usage: {
            /**
             * Format: int64
             * @description Input that was neither read from nor written to a cache.
             */
            input_tokens: number;
            /**
             * Format: int64
             * @description Output, reasoning included.
             */
            output_tokens: number;
            /**
             * Format: int64
             * @description Input written to a cache.
             */
            cache_creation_input_tokens?: number;
            /**
             * Format: int64
             * @description Input read from a cache.
             */
            cache_read_input_tokens?: number;
            cache_creation?: components["schemas"]["CacheCreation"];
            output_tokens_details?: components["schemas"]["OutputDetails"];
            server_tool_use?: components["schemas"]["ServerToolUse"];
        };
        /** @description What was used. */
        UsageStats: {
            /** Format: int64 */
            total_requests: number;
            /** Format: int64 */
            total_input_tokens: number;
            /** Format: int64 */
            total_output_tokens: number;
            /**
             * Format: int64
             * @description Read from and written to caches.
             */
            total_cache_tokens: number;
            /** @description By the model that was asked. */
            requests_by_model: {
                [key: string]: components["schemas"]["ModelUsage"];
            };
            /**
             * Format: date-time
             * @description As asked for.
             */
            start_date?: string;
            /**
             * Format: date-time
             * @description As asked for.
             */
            end_date?: string;
        };
        Value: Json;
        /** @description Whether the chain is whole. */
        Verified: {
            /** @description Whether every event is as it was written, and none is missing. */
            intact: boolean;
            /**
             * Format: int64
             * @description How many events were followed.
             */
            events?: number;
            /**
             * Format: int64
             * @description The first event that is not as it was written.
             */
            broken_at?: number;
            /** @description What is wrong with it. */
            reason?: string;
        };
        /** @description A window as its provider described it, and what is to be expected of it. */
        WindowView: {
            /** @description Which one. */
            window: string;
            /**
             * Format: int64
             * @description The whole of it, where that is a count.
             */
            limit: number | null;
            /**
             * Format: int64
             * @description What is left, where that is a count.
             */
            remaining: number | null;
            /**
             * Format: double
             * @description The part that is spent, from 0 to 1.
             */
            used: number | null;
            /** @description The provider's verdict on it. */
            status: string | null;
            /**
             * Format: int64
             * @description When it is whole again.
             */
            resets_at: number | null;
            /**
             * Format: double
             * @description The part of it that goes in an hour at the present rate.
             */
            hourly: number | null;
            /**
             * Format: int64
             * @description When it is spent at the present rate, if before the reset.
             */
            spent_at: number | null;
            /** @description Whether the least urgent requests have to wait. */
            short: boolean;
        };
    };
    responses: never;
    parameters: never;
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export type $defs = Record<string, never>;
export interface operations {
    getAnalytics: {
        parameters: {
            query?: {
                /**
                 * @description From here on, an instant or a span ago such as `90d`, rounded down to a quarter of an hour;
                 *     29 days before today when not said.
                 */
                start?: string;
                /** @description Up to here, rounded up; now when not said. */
                end?: string;
                /**
                 * @description The time zone whose hours and days these are, such as `Europe/Berlin` or `+05:30`; UTC when
                 *     not said.
                 * @example Europe/Berlin
                 */
                tz?: string;
                bucket?: "hour" | "day" | "week" | "month" | "none";
                by?: "none" | "model" | "provider" | "client" | "agent" | "subagent" | "project" | "status";
                weekStart?: "sunday" | "monday";
                /** @description Any part of the name of the model that was asked, in any case; `all` is none. */
                model?: string;
                /** @description The provider's name. */
                provider?: string;
                /** @description The kind of client, such as `claude_code`. */
                client?: string;
                /** @description `main` or `subagent`. */
                agent?: string;
                /** @description The subagent's name. */
                subagent?: string;
                /** @description The id of the project whose token it brought. */
                project?: string;
                /** @description `json` or `csv`; `json` when not said. */
                format?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Analytics"];
                    "text/csv": string;
                };
            };
            /** @description A parameter or the body is not as it should be */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description A credential is needed */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description Requests from other origins are refused */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description The host name is not weir's */
            421: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description The history is damaged */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        /** @description What is wrong and how to mend it. */
                        error: string;
                        /** @description What lies behind it. */
                        details?: string | null;
                        /** @description The parameter, or the field of the request's body, that is wrong. */
                        field?: string | null;
                        /** @description What programs tell it by, where there are several reasons for one status. */
                        code?: string | null;
                    };
                };
            };
            /** @description The history cannot be used at this moment */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        /** @description What is wrong and how to mend it. */
                        error: string;
                        /** @description What lies behind it. */
                        details?: string | null;
                        /** @description The parameter, or the field of the request's body, that is wrong. */
                        field?: string | null;
                        /** @description What programs tell it by, where there are several reasons for one status. */
                        code?: string | null;
                    };
                };
            };
        };
    };
    getConfig: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Config"];
                };
            };
            /** @description A parameter or the body is not as it should be */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description A credential is needed */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description Requests from other origins are refused */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description The host name is not weir's */
            421: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    getConfigEffective: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Effective"];
                };
            };
            /** @description A parameter or the body is not as it should be */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description A credential is needed */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description Requests from other origins are refused */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description The host name is not weir's */
            421: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    postConfigReload: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reloaded"];
                };
            };
            /** @description A parameter or the body is not as it should be */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description A credential is needed */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description Requests from other origins are refused */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description The host name is not weir's */
            421: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description It is not valid; nothing has changed */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Faults"];
                };
            };
            /** @description The reload broke off */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    getConfigStored: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Stored"];
                };
            };
            /** @description A parameter or the body is not as it should be */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description A credential is needed */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description Requests from other origins are refused */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description The host name is not weir's */
            421: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description They cannot be read at this moment */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    patchConfigStored: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    [key: string]: unknown;
                };
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Edited"];
                };
            };
            /** @description A parameter or the body is not as it should be */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description A credential is needed */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description Requests from other origins are refused */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description The body is larger than the call takes */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        /** @description What is wrong and how to mend it. */
                        error: string;
                        /** @description What lies behind it. */
                        details?: string | null;
                        /** @description The parameter, or the field of the request's body, that is wrong. */
                        field?: string | null;
                        /** @description What programs tell it by, where there are several reasons for one status. */
                        code?: string | null;
                    };
                };
            };
            /** @description The host name is not weir's */
            421: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description It is not valid; nothing has changed */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        error: string;
                        /** @description Each a sentence with its place. */
                        faults: string[];
                    };
                };
            };
            /** @description Edits cannot be kept at this moment */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        /** @description What is wrong and how to mend it. */
                        error: string;
                        /** @description What lies behind it. */
                        details?: string | null;
                        /** @description The parameter, or the field of the request's body, that is wrong. */
                        field?: string | null;
                        /** @description What programs tell it by, where there are several reasons for one status. */
                        code?: string | null;
                    };
                };
            };
        };
    };
    getConversations: {
        parameters: {
            query?: {
                /** @description From 1. */
                page?: number;
                /** @description Conversations on a page; 10 when not said, and never more than 500. */
                limit?: number;
                /** @description Any part of the name of a model that answered, in any case; `all` is none. */
                model?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ConversationList"];
                };
            };
            /** @description A parameter or the body is not as it should be */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description A credential is needed */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description Requests from other origins are refused */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description Transcripts are switched off */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description The host name is not weir's */
            421: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description The history is damaged */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        /** @description What is wrong and how to mend it. */
                        error: string;
                        /** @description What lies behind it. */
                        details?: string | null;
                        /** @description The parameter, or the field of the request's body, that is wrong. */
                        field?: string | null;
                        /** @description What programs tell it by, where there are several reasons for one status. */
                        code?: string | null;
                    };
                };
            };
            /** @description The history cannot be used at this moment */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        /** @description What is wrong and how to mend it. */
                        error: string;
                        /** @description What lies behind it. */
                        details?: string | null;
                        /** @description The parameter, or the field of the request's body, that is wrong. */
                        field?: string | null;
                        /** @description What programs tell it by, where there are several reasons for one status. */
                        code?: string | null;
                    };
                };
            };
        };
    };
    getConversationsProject: {
        parameters: {
            query: {
                /** @description The name of the project's directory. */
                project: string;
                /** @description How many to leave out from the front. */
                offset?: number;
                /** @description Most of them. */
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Conversation"][];
                };
            };
            /** @description A parameter or the body is not as it should be */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description A credential is needed */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description Requests from other origins are refused */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description There is none */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description The host name is not weir's */
            421: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description weir is stopping */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    getConversationsById: {
        parameters: {
            query: {
                /** @description The name of the project's directory. */
                project: string;
                /** @description How many to leave out from the front. */
                offset?: number;
                /** @description Most of them. */
                limit?: number;
            };
            header?: never;
            path: {
                /** @description The session's id: the file's name */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Conversation"];
                };
            };
            /** @description A parameter or the body is not as it should be */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description A credential is needed */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description Requests from other origins are refused */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description There is none */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description The host name is not weir's */
            421: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description weir is stopping */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    getEvents: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["EventsView"];
                };
            };
            /** @description A parameter or the body is not as it should be */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description A credential is needed */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description Requests from other origins are refused */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description The host name is not weir's */
            421: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    postGradePrompt: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["GradeRequest"];
            };
        };
        responses: {
            /** @description The grade */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PromptGrade"];
                };
            };
            /** @description A parameter or the body is not as it should be */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description A credential is needed */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description Requests from other origins are refused */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description There is no such exchange or provider */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description No model grades prompts, or this one is being graded */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description The body is larger than the call takes */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        /** @description What is wrong and how to mend it. */
                        error: string;
                        /** @description What lies behind it. */
                        details?: string | null;
                        /** @description The parameter, or the field of the request's body, that is wrong. */
                        field?: string | null;
                        /** @description What programs tell it by, where there are several reasons for one status. */
                        code?: string | null;
                    };
                };
            };
            /** @description The host name is not weir's */
            421: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description The history is damaged */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        /** @description What is wrong and how to mend it. */
                        error: string;
                        /** @description What lies behind it. */
                        details?: string | null;
                        /** @description The parameter, or the field of the request's body, that is wrong. */
                        field?: string | null;
                        /** @description What programs tell it by, where there are several reasons for one status. */
                        code?: string | null;
                    };
                };
            };
            /** @description The judge gave no verdict */
            502: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description The history cannot be used at this moment */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        /** @description What is wrong and how to mend it. */
                        error: string;
                        /** @description What lies behind it. */
                        details?: string | null;
                        /** @description The parameter, or the field of the request's body, that is wrong. */
                        field?: string | null;
                        /** @description What programs tell it by, where there are several reasons for one status. */
                        code?: string | null;
                    };
                };
            };
        };
    };
    getLive: {
        parameters: {
            query?: {
                /** @description The last id that was seen; the header `Last-Event-ID` says the same and wins. */
                lastEventId?: string;
            };
            header?: {
                /** @description The last id that was seen */
                "Last-Event-ID"?: string | null;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Server-sent events; the data is a `RequestSummary` */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/event-stream": string;
                };
            };
            /** @description A parameter or the body is not as it should be */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description A credential is needed */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description Requests from other origins are refused */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description The host name is not weir's */
            421: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description Too many follow already */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    postLogin: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Credentials"];
            };
        };
        responses: {
            /** @description Logged in; the cookie is `weir_session` */
            204: {
                headers: {
                    /** @description The session */
                    "set-cookie"?: string;
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description A parameter or the body is not as it should be */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description The password is wrong */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description Requests from other origins are refused */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description No password is set, so there is nothing to log in to */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description The body is larger than the call takes */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        /** @description What is wrong and how to mend it. */
                        error: string;
                        /** @description What lies behind it. */
                        details?: string | null;
                        /** @description The parameter, or the field of the request's body, that is wrong. */
                        field?: string | null;
                        /** @description What programs tell it by, where there are several reasons for one status. */
                        code?: string | null;
                    };
                };
            };
            /** @description The host name is not weir's */
            421: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description Too many wrong passwords; `Retry-After` says how long to wait */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    postLogout: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Nobody is logged in with this cookie any more */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description A parameter or the body is not as it should be */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description A credential is needed */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description Requests from other origins are refused */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description The host name is not weir's */
            421: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    getNodes: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Nodes"];
                };
            };
            /** @description A parameter or the body is not as it should be */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description A credential is needed */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description Requests from other origins are refused */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description The host name is not weir's */
            421: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    getPrices: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PriceList"];
                };
            };
            /** @description A parameter or the body is not as it should be */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description A credential is needed */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description Requests from other origins are refused */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description The host name is not weir's */
            421: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description The history is damaged */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        /** @description What is wrong and how to mend it. */
                        error: string;
                        /** @description What lies behind it. */
                        details?: string | null;
                        /** @description The parameter, or the field of the request's body, that is wrong. */
                        field?: string | null;
                        /** @description What programs tell it by, where there are several reasons for one status. */
                        code?: string | null;
                    };
                };
            };
            /** @description The history cannot be used at this moment */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        /** @description What is wrong and how to mend it. */
                        error: string;
                        /** @description What lies behind it. */
                        details?: string | null;
                        /** @description The parameter, or the field of the request's body, that is wrong. */
                        field?: string | null;
                        /** @description What programs tell it by, where there are several reasons for one status. */
                        code?: string | null;
                    };
                };
            };
        };
    };
    getProjects: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ProjectName"][];
                };
            };
            /** @description A parameter or the body is not as it should be */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description A credential is needed */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description Requests from other origins are refused */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description The host name is not weir's */
            421: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    getProviders: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Providers"];
                };
            };
            /** @description A parameter or the body is not as it should be */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description A credential is needed */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description Requests from other origins are refused */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description The host name is not weir's */
            421: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    getProvidersByName: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The provider */
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ProviderView"];
                };
            };
            /** @description A parameter or the body is not as it should be */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description A credential is needed */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description Requests from other origins are refused */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description There is none of this name */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description The host name is not weir's */
            421: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    postProvidersByNameDisable: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The provider */
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The provider as it is then */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ProviderView"];
                };
            };
            /** @description A parameter or the body is not as it should be */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description A credential is needed */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description Requests from other origins are refused */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description There is none of this name */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description The host name is not weir's */
            421: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    postProvidersByNameEnable: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The provider */
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The provider as it is then */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ProviderView"];
                };
            };
            /** @description A parameter or the body is not as it should be */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description A credential is needed */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description Requests from other origins are refused */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description There is none of this name */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description The host name is not weir's */
            421: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    postProvidersByNameKeys: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The provider */
                name: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewKey"];
            };
        };
        responses: {
            /** @description The key as it is then */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["KeyView"];
                };
            };
            /** @description A parameter or the body is not as it should be */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description A credential is needed */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description Requests from other origins are refused */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description There is no such provider */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description It has the key already, or can take no more */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description The body is larger than the call takes */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        /** @description What is wrong and how to mend it. */
                        error: string;
                        /** @description What lies behind it. */
                        details?: string | null;
                        /** @description The parameter, or the field of the request's body, that is wrong. */
                        field?: string | null;
                        /** @description What programs tell it by, where there are several reasons for one status. */
                        code?: string | null;
                    };
                };
            };
            /** @description The host name is not weir's */
            421: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    deleteProvidersByNameKeysByKey: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The provider */
                name: string;
                /** @description The key's id or name */
                key: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Removed"];
                };
            };
            /** @description A parameter or the body is not as it should be */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description A credential is needed */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description Requests from other origins are refused */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description There is none of this name */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description More than one key has this name */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description The host name is not weir's */
            421: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    postProvidersByNameKeysByKeyDisable: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The provider */
                name: string;
                /** @description The key's id or name */
                key: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The key as it is then */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["KeyView"];
                };
            };
            /** @description A parameter or the body is not as it should be */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description A credential is needed */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description Requests from other origins are refused */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description There is none of this name */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description More than one key has this name */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description The host name is not weir's */
            421: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    postProvidersByNameKeysByKeyEnable: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The provider */
                name: string;
                /** @description The key's id or name */
                key: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The key as it is then */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["KeyView"];
                };
            };
            /** @description A parameter or the body is not as it should be */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description A credential is needed */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description Requests from other origins are refused */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description There is none of this name */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description More than one key has this name */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description The host name is not weir's */
            421: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    postProvidersByNameKeysByKeyReset: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The provider */
                name: string;
                /** @description The key's id or name */
                key: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The key as it is then */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["KeyView"];
                };
            };
            /** @description A parameter or the body is not as it should be */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description A credential is needed */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description Requests from other origins are refused */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description There is none of this name */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description More than one key has this name */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description The host name is not weir's */
            421: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    postProvidersByNameReset: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The provider */
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The provider as it is then */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ProviderView"];
                };
            };
            /** @description A parameter or the body is not as it should be */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description A credential is needed */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description Requests from other origins are refused */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description There is none of this name */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description The host name is not weir's */
            421: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    getQuota: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Quotas"];
                };
            };
            /** @description A parameter or the body is not as it should be */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description A credential is needed */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description Requests from other origins are refused */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description The host name is not weir's */
            421: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    getQuotaHistory: {
        parameters: {
            query?: {
                /** @description From here on, an instant or a span ago such as `24h`; six days before today when not said. */
                start?: string;
                /** @description Up to here; now when not said. */
                end?: string;
                /** @description The provider's name; all when not said. */
                provider?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["QuotaHistory"];
                };
            };
            /** @description A parameter or the body is not as it should be */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description A credential is needed */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description Requests from other origins are refused */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description The host name is not weir's */
            421: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description The history is damaged */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        /** @description What is wrong and how to mend it. */
                        error: string;
                        /** @description What lies behind it. */
                        details?: string | null;
                        /** @description The parameter, or the field of the request's body, that is wrong. */
                        field?: string | null;
                        /** @description What programs tell it by, where there are several reasons for one status. */
                        code?: string | null;
                    };
                };
            };
            /** @description The history cannot be used at this moment */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        /** @description What is wrong and how to mend it. */
                        error: string;
                        /** @description What lies behind it. */
                        details?: string | null;
                        /** @description The parameter, or the field of the request's body, that is wrong. */
                        field?: string | null;
                        /** @description What programs tell it by, where there are several reasons for one status. */
                        code?: string | null;
                    };
                };
            };
        };
    };
    getRequests: {
        parameters: {
            query?: {
                /** @description From 1. */
                page?: number;
                /** @description Exchanges on a page; 10 when not said. */
                limit?: number;
                /** @description Any part of the model's name, in any case; `all` is every exchange. */
                model?: string;
                /** @description The provider's name. */
                provider?: string;
                /** @description The client's session. */
                session?: string;
                /** @description The agent within the session. */
                agent?: string;
                /** @description The subagent by whose rule it was routed. */
                subagent?: string;
                /** @description The id of the project whose token it brought. */
                project?: string;
                /** @description The id of that token. */
                token?: string;
                /** @description The kind of client: `claude_code`, `codex`, `gemini_cli`, `opencode`, ... */
                client?: string;
                /** @description `2xx`, `3xx`, `4xx`, `5xx`, `error` (400 and above, or no whole answer), or one status. */
                status?: string;
                /** @description `open`, `complete`, `interrupted`, `client_gone`, `upstream_broke`, `gateway_error`, `lost`. */
                state?: string;
                /** @description Why the model stopped, in the dialect's own word. */
                stopReason?: string;
                /** @description `anthropic_messages`, `openai_chat`, `openai_responses` or `gemini`. */
                dialect?: string;
                /** @description What was asked for. */
                operation?: string;
                /** @description The digest of the client's credential, or its beginning. */
                key?: string;
                /** @description Begun at or after this instant, or so long ago: `24h`, `7d`. */
                start?: string;
                /** @description Begun before this instant, or longer ago. */
                end?: string;
                /** @description Milliseconds that it took at least. */
                minDuration?: number;
                /** @description Milliseconds that it took at most. */
                maxDuration?: number;
                /** @description Tokens at least: input, output, read from and written to a cache. */
                minTokens?: number;
                /** @description Tokens at most. */
                maxTokens?: number;
                /** @description US dollars that it cost at least; what has no known price is left out. */
                minCost?: number;
                /** @description US dollars that it cost at most; what has no known price is left out. */
                maxCost?: number;
                /** @description Words of prompts, answers and tool calls: `word`, `"a phrase"`, `begin*`, `-not`. */
                q?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RequestList"];
                };
            };
            /** @description A parameter or the body is not as it should be */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description A credential is needed */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description Requests from other origins are refused */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description The host name is not weir's */
            421: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description The history is damaged */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        /** @description What is wrong and how to mend it. */
                        error: string;
                        /** @description What lies behind it. */
                        details?: string | null;
                        /** @description The parameter, or the field of the request's body, that is wrong. */
                        field?: string | null;
                        /** @description What programs tell it by, where there are several reasons for one status. */
                        code?: string | null;
                    };
                };
            };
            /** @description The history cannot be used at this moment */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        /** @description What is wrong and how to mend it. */
                        error: string;
                        /** @description What lies behind it. */
                        details?: string | null;
                        /** @description The parameter, or the field of the request's body, that is wrong. */
                        field?: string | null;
                        /** @description What programs tell it by, where there are several reasons for one status. */
                        code?: string | null;
                    };
                };
            };
        };
    };
    deleteRequests: {
        parameters: {
            query?: {
                /** @description Only those that began before: an instant, or a span ago such as `12h` or `30d`. */
                older_than?: string;
                /** @description Only those of this session. */
                session?: string;
                /** @description Only those of this conversation. */
                conversation?: string;
                /** @description Only those of this model. */
                model?: string;
                /** @description Only count them. */
                dry_run?: boolean;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Forgotten"];
                };
            };
            /** @description A parameter or the body is not as it should be */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description A credential is needed */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description Requests from other origins are refused */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description The host name is not weir's */
            421: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description The history is damaged */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        /** @description What is wrong and how to mend it. */
                        error: string;
                        /** @description What lies behind it. */
                        details?: string | null;
                        /** @description The parameter, or the field of the request's body, that is wrong. */
                        field?: string | null;
                        /** @description What programs tell it by, where there are several reasons for one status. */
                        code?: string | null;
                    };
                };
            };
            /** @description The history cannot be used at this moment */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        /** @description What is wrong and how to mend it. */
                        error: string;
                        /** @description What lies behind it. */
                        details?: string | null;
                        /** @description The parameter, or the field of the request's body, that is wrong. */
                        field?: string | null;
                        /** @description What programs tell it by, where there are several reasons for one status. */
                        code?: string | null;
                    };
                };
            };
        };
    };
    getRequestsExport: {
        parameters: {
            query?: {
                /** @description `jsonl` (the default), `csv` or `har`. */
                format?: string;
                /** @description Most exchanges in it, the newest first: 1000 unless told, never more than 100,000. */
                limit?: number;
                /** @description Any part of the model's name, in any case; `all` is every exchange. */
                model?: string;
                /** @description The provider's name. */
                provider?: string;
                /** @description The client's session. */
                session?: string;
                /** @description The agent within the session. */
                agent?: string;
                /** @description The subagent by whose rule it was routed. */
                subagent?: string;
                /** @description The id of the project whose token it brought. */
                project?: string;
                /** @description The id of that token. */
                token?: string;
                /** @description The kind of client: `claude_code`, `codex`, `gemini_cli`, `opencode`, ... */
                client?: string;
                /** @description `2xx`, `3xx`, `4xx`, `5xx`, `error` (400 and above, or no whole answer), or one status. */
                status?: string;
                /** @description `open`, `complete`, `interrupted`, `client_gone`, `upstream_broke`, `gateway_error`, `lost`. */
                state?: string;
                /** @description Why the model stopped, in the dialect's own word. */
                stopReason?: string;
                /** @description `anthropic_messages`, `openai_chat`, `openai_responses` or `gemini`. */
                dialect?: string;
                /** @description What was asked for. */
                operation?: string;
                /** @description The digest of the client's credential, or its beginning. */
                key?: string;
                /** @description Begun at or after this instant, or so long ago: `24h`, `7d`. */
                start?: string;
                /** @description Begun before this instant, or longer ago. */
                end?: string;
                /** @description Milliseconds that it took at least. */
                minDuration?: number;
                /** @description Milliseconds that it took at most. */
                maxDuration?: number;
                /** @description Tokens at least: input, output, read from and written to a cache. */
                minTokens?: number;
                /** @description Tokens at most. */
                maxTokens?: number;
                /** @description US dollars that it cost at least; what has no known price is left out. */
                minCost?: number;
                /** @description US dollars that it cost at most; what has no known price is left out. */
                maxCost?: number;
                /** @description Words of prompts, answers and tool calls: `word`, `"a phrase"`, `begin*`, `-not`. */
                q?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/x-ndjson": string;
                    "text/csv": string;
                    "application/json": unknown;
                };
            };
            /** @description A parameter or the body is not as it should be */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description A credential is needed */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description Requests from other origins are refused */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description The host name is not weir's */
            421: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description The history is damaged */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        /** @description What is wrong and how to mend it. */
                        error: string;
                        /** @description What lies behind it. */
                        details?: string | null;
                        /** @description The parameter, or the field of the request's body, that is wrong. */
                        field?: string | null;
                        /** @description What programs tell it by, where there are several reasons for one status. */
                        code?: string | null;
                    };
                };
            };
            /** @description The history cannot be used at this moment */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        /** @description What is wrong and how to mend it. */
                        error: string;
                        /** @description What lies behind it. */
                        details?: string | null;
                        /** @description The parameter, or the field of the request's body, that is wrong. */
                        field?: string | null;
                        /** @description What programs tell it by, where there are several reasons for one status. */
                        code?: string | null;
                    };
                };
            };
        };
    };
    getRequestsFacets: {
        parameters: {
            query?: {
                /** @description Any part of the model's name, in any case; `all` is every exchange. */
                model?: string;
                /** @description The provider's name. */
                provider?: string;
                /** @description The client's session. */
                session?: string;
                /** @description The agent within the session. */
                agent?: string;
                /** @description The subagent by whose rule it was routed. */
                subagent?: string;
                /** @description The id of the project whose token it brought. */
                project?: string;
                /** @description The id of that token. */
                token?: string;
                /** @description The kind of client: `claude_code`, `codex`, `gemini_cli`, `opencode`, ... */
                client?: string;
                /** @description `2xx`, `3xx`, `4xx`, `5xx`, `error` (400 and above, or no whole answer), or one status. */
                status?: string;
                /** @description `open`, `complete`, `interrupted`, `client_gone`, `upstream_broke`, `gateway_error`, `lost`. */
                state?: string;
                /** @description Why the model stopped, in the dialect's own word. */
                stopReason?: string;
                /** @description `anthropic_messages`, `openai_chat`, `openai_responses` or `gemini`. */
                dialect?: string;
                /** @description What was asked for. */
                operation?: string;
                /** @description The digest of the client's credential, or its beginning. */
                key?: string;
                /** @description Begun at or after this instant, or so long ago: `24h`, `7d`. */
                start?: string;
                /** @description Begun before this instant, or longer ago. */
                end?: string;
                /** @description Milliseconds that it took at least. */
                minDuration?: number;
                /** @description Milliseconds that it took at most. */
                maxDuration?: number;
                /** @description Tokens at least: input, output, read from and written to a cache. */
                minTokens?: number;
                /** @description Tokens at most. */
                maxTokens?: number;
                /** @description US dollars that it cost at least; what has no known price is left out. */
                minCost?: number;
                /** @description US dollars that it cost at most; what has no known price is left out. */
                maxCost?: number;
                /** @description Words of prompts, answers and tool calls: `word`, `"a phrase"`, `begin*`, `-not`. */
                q?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Facets"];
                };
            };
            /** @description A parameter or the body is not as it should be */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description A credential is needed */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description Requests from other origins are refused */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description The host name is not weir's */
            421: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description The history is damaged */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        /** @description What is wrong and how to mend it. */
                        error: string;
                        /** @description What lies behind it. */
                        details?: string | null;
                        /** @description The parameter, or the field of the request's body, that is wrong. */
                        field?: string | null;
                        /** @description What programs tell it by, where there are several reasons for one status. */
                        code?: string | null;
                    };
                };
            };
            /** @description The history cannot be used at this moment */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        /** @description What is wrong and how to mend it. */
                        error: string;
                        /** @description What lies behind it. */
                        details?: string | null;
                        /** @description The parameter, or the field of the request's body, that is wrong. */
                        field?: string | null;
                        /** @description What programs tell it by, where there are several reasons for one status. */
                        code?: string | null;
                    };
                };
            };
        };
    };
    getRequestsLatestDate: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LatestDate"];
                };
            };
            /** @description A parameter or the body is not as it should be */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description A credential is needed */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description Requests from other origins are refused */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description The host name is not weir's */
            421: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description The history is damaged */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        /** @description What is wrong and how to mend it. */
                        error: string;
                        /** @description What lies behind it. */
                        details?: string | null;
                        /** @description The parameter, or the field of the request's body, that is wrong. */
                        field?: string | null;
                        /** @description What programs tell it by, where there are several reasons for one status. */
                        code?: string | null;
                    };
                };
            };
            /** @description The history cannot be used at this moment */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        /** @description What is wrong and how to mend it. */
                        error: string;
                        /** @description What lies behind it. */
                        details?: string | null;
                        /** @description The parameter, or the field of the request's body, that is wrong. */
                        field?: string | null;
                        /** @description What programs tell it by, where there are several reasons for one status. */
                        code?: string | null;
                    };
                };
            };
        };
    };
    getRequestsSummary: {
        parameters: {
            query?: {
                /** @description How many to leave out from the newest on. */
                offset?: number;
                /** @description Most exchanges; all when not said, and never more than 100,000. */
                limit?: number;
                /** @description The `nextCursor` of an earlier answer: goes on behind it. */
                cursor?: string;
                /** @description Any part of the model's name, in any case; `all` is every exchange. */
                model?: string;
                /** @description The provider's name. */
                provider?: string;
                /** @description The client's session. */
                session?: string;
                /** @description The agent within the session. */
                agent?: string;
                /** @description The subagent by whose rule it was routed. */
                subagent?: string;
                /** @description The id of the project whose token it brought. */
                project?: string;
                /** @description The id of that token. */
                token?: string;
                /** @description The kind of client: `claude_code`, `codex`, `gemini_cli`, `opencode`, ... */
                client?: string;
                /** @description `2xx`, `3xx`, `4xx`, `5xx`, `error` (400 and above, or no whole answer), or one status. */
                status?: string;
                /** @description `open`, `complete`, `interrupted`, `client_gone`, `upstream_broke`, `gateway_error`, `lost`. */
                state?: string;
                /** @description Why the model stopped, in the dialect's own word. */
                stopReason?: string;
                /** @description `anthropic_messages`, `openai_chat`, `openai_responses` or `gemini`. */
                dialect?: string;
                /** @description What was asked for. */
                operation?: string;
                /** @description The digest of the client's credential, or its beginning. */
                key?: string;
                /** @description Begun at or after this instant, or so long ago: `24h`, `7d`. */
                start?: string;
                /** @description Begun before this instant, or longer ago. */
                end?: string;
                /** @description Milliseconds that it took at least. */
                minDuration?: number;
                /** @description Milliseconds that it took at most. */
                maxDuration?: number;
                /** @description Tokens at least: input, output, read from and written to a cache. */
                minTokens?: number;
                /** @description Tokens at most. */
                maxTokens?: number;
                /** @description US dollars that it cost at least; what has no known price is left out. */
                minCost?: number;
                /** @description US dollars that it cost at most; what has no known price is left out. */
                maxCost?: number;
                /** @description Words of prompts, answers and tool calls: `word`, `"a phrase"`, `begin*`, `-not`. */
                q?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SummaryList"];
                };
            };
            /** @description A parameter or the body is not as it should be */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description A credential is needed */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description Requests from other origins are refused */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description The host name is not weir's */
            421: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description The history is damaged */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        /** @description What is wrong and how to mend it. */
                        error: string;
                        /** @description What lies behind it. */
                        details?: string | null;
                        /** @description The parameter, or the field of the request's body, that is wrong. */
                        field?: string | null;
                        /** @description What programs tell it by, where there are several reasons for one status. */
                        code?: string | null;
                    };
                };
            };
            /** @description The history cannot be used at this moment */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        /** @description What is wrong and how to mend it. */
                        error: string;
                        /** @description What lies behind it. */
                        details?: string | null;
                        /** @description The parameter, or the field of the request's body, that is wrong. */
                        field?: string | null;
                        /** @description What programs tell it by, where there are several reasons for one status. */
                        code?: string | null;
                    };
                };
            };
        };
    };
    getRequestsById: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The id, or the end of it */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RequestLog"];
                };
            };
            /** @description A parameter or the body is not as it should be */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description A credential is needed */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description Requests from other origins are refused */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description There is none */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description The host name is not weir's */
            421: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description The history is damaged */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        /** @description What is wrong and how to mend it. */
                        error: string;
                        /** @description What lies behind it. */
                        details?: string | null;
                        /** @description The parameter, or the field of the request's body, that is wrong. */
                        field?: string | null;
                        /** @description What programs tell it by, where there are several reasons for one status. */
                        code?: string | null;
                    };
                };
            };
            /** @description The history cannot be used at this moment */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        /** @description What is wrong and how to mend it. */
                        error: string;
                        /** @description What lies behind it. */
                        details?: string | null;
                        /** @description The parameter, or the field of the request's body, that is wrong. */
                        field?: string | null;
                        /** @description What programs tell it by, where there are several reasons for one status. */
                        code?: string | null;
                    };
                };
            };
        };
    };
    deleteRequestsById: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The whole id */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Forgotten"];
                };
            };
            /** @description A parameter or the body is not as it should be */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description A credential is needed */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description Requests from other origins are refused */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description There is none */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description The host name is not weir's */
            421: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description The history is damaged */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        /** @description What is wrong and how to mend it. */
                        error: string;
                        /** @description What lies behind it. */
                        details?: string | null;
                        /** @description The parameter, or the field of the request's body, that is wrong. */
                        field?: string | null;
                        /** @description What programs tell it by, where there are several reasons for one status. */
                        code?: string | null;
                    };
                };
            };
            /** @description The history cannot be used at this moment */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        /** @description What is wrong and how to mend it. */
                        error: string;
                        /** @description What lies behind it. */
                        details?: string | null;
                        /** @description The parameter, or the field of the request's body, that is wrong. */
                        field?: string | null;
                        /** @description What programs tell it by, where there are several reasons for one status. */
                        code?: string | null;
                    };
                };
            };
        };
    };
    getRequestsByIdHar: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The id, or the end of it */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": unknown;
                };
            };
            /** @description A parameter or the body is not as it should be */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description A credential is needed */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description Requests from other origins are refused */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description There is none */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description The host name is not weir's */
            421: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description The history is damaged */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        /** @description What is wrong and how to mend it. */
                        error: string;
                        /** @description What lies behind it. */
                        details?: string | null;
                        /** @description The parameter, or the field of the request's body, that is wrong. */
                        field?: string | null;
                        /** @description What programs tell it by, where there are several reasons for one status. */
                        code?: string | null;
                    };
                };
            };
            /** @description The history cannot be used at this moment */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        /** @description What is wrong and how to mend it. */
                        error: string;
                        /** @description What lies behind it. */
                        details?: string | null;
                        /** @description The parameter, or the field of the request's body, that is wrong. */
                        field?: string | null;
                        /** @description What programs tell it by, where there are several reasons for one status. */
                        code?: string | null;
                    };
                };
            };
        };
    };
    getRequestsByIdNeighbours: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Its id, or the end of it */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Neighbours"];
                };
            };
            /** @description A parameter or the body is not as it should be */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description A credential is needed */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description Requests from other origins are refused */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description No such exchange */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description The host name is not weir's */
            421: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description The history is damaged */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        /** @description What is wrong and how to mend it. */
                        error: string;
                        /** @description What lies behind it. */
                        details?: string | null;
                        /** @description The parameter, or the field of the request's body, that is wrong. */
                        field?: string | null;
                        /** @description What programs tell it by, where there are several reasons for one status. */
                        code?: string | null;
                    };
                };
            };
            /** @description The history cannot be used at this moment */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        /** @description What is wrong and how to mend it. */
                        error: string;
                        /** @description What lies behind it. */
                        details?: string | null;
                        /** @description The parameter, or the field of the request's body, that is wrong. */
                        field?: string | null;
                        /** @description What programs tell it by, where there are several reasons for one status. */
                        code?: string | null;
                    };
                };
            };
        };
    };
    getRequestsByIdRawBySide: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The id, or the end of it */
                id: string;
                /** @description `request` or `response` */
                side: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    /** @description The content coding, if there is one */
                    "x-weir-content-encoding"?: string | null;
                    /** @description `verified` or `unverified` */
                    "x-weir-digest"?: string;
                    /** @description Whether bytes past the capture limit are missing */
                    "x-weir-truncated"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/octet-stream": number[];
                };
            };
            /** @description A parameter or the body is not as it should be */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description A credential is needed */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description Requests from other origins are refused */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description There is none */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description The host name is not weir's */
            421: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description The history is damaged */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        /** @description What is wrong and how to mend it. */
                        error: string;
                        /** @description What lies behind it. */
                        details?: string | null;
                        /** @description The parameter, or the field of the request's body, that is wrong. */
                        field?: string | null;
                        /** @description What programs tell it by, where there are several reasons for one status. */
                        code?: string | null;
                    };
                };
            };
            /** @description The history cannot be used at this moment */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        /** @description What is wrong and how to mend it. */
                        error: string;
                        /** @description What lies behind it. */
                        details?: string | null;
                        /** @description The parameter, or the field of the request's body, that is wrong. */
                        field?: string | null;
                        /** @description What programs tell it by, where there are several reasons for one status. */
                        code?: string | null;
                    };
                };
            };
        };
    };
    postRequestsByIdReplay: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The id, or the end of it */
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Changes"];
            };
        };
        responses: {
            /** @description What the provider answers */
            200: {
                headers: {
                    /** @description The new exchange */
                    "x-weir-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "*/*": unknown;
                };
            };
            /** @description A parameter or the body is not as it should be */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description A credential is needed */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description Requests from other origins are refused */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description There is no such exchange or provider */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description The provider has no credential of its own */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description The body is larger than the call takes */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        /** @description What is wrong and how to mend it. */
                        error: string;
                        /** @description What lies behind it. */
                        details?: string | null;
                        /** @description The parameter, or the field of the request's body, that is wrong. */
                        field?: string | null;
                        /** @description What programs tell it by, where there are several reasons for one status. */
                        code?: string | null;
                    };
                };
            };
            /** @description The host name is not weir's */
            421: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description The history is damaged */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        /** @description What is wrong and how to mend it. */
                        error: string;
                        /** @description What lies behind it. */
                        details?: string | null;
                        /** @description The parameter, or the field of the request's body, that is wrong. */
                        field?: string | null;
                        /** @description What programs tell it by, where there are several reasons for one status. */
                        code?: string | null;
                    };
                };
            };
            /** @description The history cannot be used at this moment */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        /** @description What is wrong and how to mend it. */
                        error: string;
                        /** @description What lies behind it. */
                        details?: string | null;
                        /** @description The parameter, or the field of the request's body, that is wrong. */
                        field?: string | null;
                        /** @description What programs tell it by, where there are several reasons for one status. */
                        code?: string | null;
                    };
                };
            };
        };
    };
    getRouting: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Routing"];
                };
            };
            /** @description A parameter or the body is not as it should be */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description A credential is needed */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description Requests from other origins are refused */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description The host name is not weir's */
            421: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    postRoutingExplain: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Asked"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Explanation"];
                };
            };
            /** @description A parameter or the body is not as it should be */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description A credential is needed */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description Requests from other origins are refused */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description This gateway routes nothing */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description The body is larger than the call takes */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        /** @description What is wrong and how to mend it. */
                        error: string;
                        /** @description What lies behind it. */
                        details?: string | null;
                        /** @description The parameter, or the field of the request's body, that is wrong. */
                        field?: string | null;
                        /** @description What programs tell it by, where there are several reasons for one status. */
                        code?: string | null;
                    };
                };
            };
            /** @description The host name is not weir's */
            421: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    getRoutingStrategy: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Strategies"];
                };
            };
            /** @description A parameter or the body is not as it should be */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description A credential is needed */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description Requests from other origins are refused */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description The host name is not weir's */
            421: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    putRoutingStrategy: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewStrategy"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Strategies"];
                };
            };
            /** @description A parameter or the body is not as it should be */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description A credential is needed */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description Requests from other origins are refused */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description The configuration lacks what it goes by */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description The body is larger than the call takes */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        /** @description What is wrong and how to mend it. */
                        error: string;
                        /** @description What lies behind it. */
                        details?: string | null;
                        /** @description The parameter, or the field of the request's body, that is wrong. */
                        field?: string | null;
                        /** @description What programs tell it by, where there are several reasons for one status. */
                        code?: string | null;
                    };
                };
            };
            /** @description The host name is not weir's */
            421: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    getSessions: {
        parameters: {
            query?: {
                /** @description Where the list goes on: `nextCursor` of the page before. */
                cursor?: string;
                /** @description Most sessions; 50 when not said, and never more than 500. */
                limit?: number;
                /** @description Only those of this kind of client: `claude_code`, `codex`, ... */
                client?: string;
                /** @description Any part of the name of one of the models, in any case; `all` is none. */
                model?: string;
                /**
                 * @description Any part of the title or the id, in any case; or words that one of its exchanges has, as in
                 *     the list of exchanges: words, "phrases", begin*, -not.
                 */
                q?: string;
                /** @description Only those with activity then or later: an instant, or a span ago such as `7d`. */
                start?: string;
                /** @description Only those that began before. */
                end?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SessionList"];
                };
            };
            /** @description A parameter or the body is not as it should be */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description A credential is needed */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description Requests from other origins are refused */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description The host name is not weir's */
            421: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description The history is damaged */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        /** @description What is wrong and how to mend it. */
                        error: string;
                        /** @description What lies behind it. */
                        details?: string | null;
                        /** @description The parameter, or the field of the request's body, that is wrong. */
                        field?: string | null;
                        /** @description What programs tell it by, where there are several reasons for one status. */
                        code?: string | null;
                    };
                };
            };
            /** @description The history cannot be used at this moment */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        /** @description What is wrong and how to mend it. */
                        error: string;
                        /** @description What lies behind it. */
                        details?: string | null;
                        /** @description The parameter, or the field of the request's body, that is wrong. */
                        field?: string | null;
                        /** @description What programs tell it by, where there are several reasons for one status. */
                        code?: string | null;
                    };
                };
            };
        };
    };
    getSessionsById: {
        parameters: {
            query?: {
                /** @description How many to leave out from the oldest on. */
                offset?: number;
                /** @description Most turns; 500 when not said, and never more than 1000. */
                limit?: number;
            };
            header?: never;
            path: {
                /** @description The client's session id, or a conversation's hash */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SessionDetail"];
                };
            };
            /** @description A parameter or the body is not as it should be */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description A credential is needed */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description Requests from other origins are refused */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description There is none */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description The host name is not weir's */
            421: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description The history is damaged */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        /** @description What is wrong and how to mend it. */
                        error: string;
                        /** @description What lies behind it. */
                        details?: string | null;
                        /** @description The parameter, or the field of the request's body, that is wrong. */
                        field?: string | null;
                        /** @description What programs tell it by, where there are several reasons for one status. */
                        code?: string | null;
                    };
                };
            };
            /** @description The history cannot be used at this moment */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        /** @description What is wrong and how to mend it. */
                        error: string;
                        /** @description What lies behind it. */
                        details?: string | null;
                        /** @description The parameter, or the field of the request's body, that is wrong. */
                        field?: string | null;
                        /** @description What programs tell it by, where there are several reasons for one status. */
                        code?: string | null;
                    };
                };
            };
        };
    };
    deleteSessionsById: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The client's session id, or a conversation's hash */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SessionForgotten"];
                };
            };
            /** @description A parameter or the body is not as it should be */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description A credential is needed */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description Requests from other origins are refused */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description There is none */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description The host name is not weir's */
            421: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description The history is damaged */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        /** @description What is wrong and how to mend it. */
                        error: string;
                        /** @description What lies behind it. */
                        details?: string | null;
                        /** @description The parameter, or the field of the request's body, that is wrong. */
                        field?: string | null;
                        /** @description What programs tell it by, where there are several reasons for one status. */
                        code?: string | null;
                    };
                };
            };
            /** @description The history cannot be used at this moment */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        /** @description What is wrong and how to mend it. */
                        error: string;
                        /** @description What lies behind it. */
                        details?: string | null;
                        /** @description The parameter, or the field of the request's body, that is wrong. */
                        field?: string | null;
                        /** @description What programs tell it by, where there are several reasons for one status. */
                        code?: string | null;
                    };
                };
            };
        };
    };
    getSessionsByIdContext: {
        parameters: {
            query?: {
                /** @description The id of an exchange of the session; the newest turn of the main agent when not said. */
                turn?: string;
            };
            header?: never;
            path: {
                /** @description The client's session id, or a conversation's hash */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ContextView"];
                };
            };
            /** @description A parameter or the body is not as it should be */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description A credential is needed */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description Requests from other origins are refused */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description There is no such session or turn */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description The host name is not weir's */
            421: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description The history is damaged */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        /** @description What is wrong and how to mend it. */
                        error: string;
                        /** @description What lies behind it. */
                        details?: string | null;
                        /** @description The parameter, or the field of the request's body, that is wrong. */
                        field?: string | null;
                        /** @description What programs tell it by, where there are several reasons for one status. */
                        code?: string | null;
                    };
                };
            };
            /** @description The history cannot be used at this moment */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        /** @description What is wrong and how to mend it. */
                        error: string;
                        /** @description What lies behind it. */
                        details?: string | null;
                        /** @description The parameter, or the field of the request's body, that is wrong. */
                        field?: string | null;
                        /** @description What programs tell it by, where there are several reasons for one status. */
                        code?: string | null;
                    };
                };
            };
        };
    };
    getSessionsByIdExport: {
        parameters: {
            query?: {
                /** @description `markdown` (when not said) or `json`. */
                format?: string;
            };
            header?: never;
            path: {
                /** @description The client's session id, or a conversation's hash */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/markdown": string;
                    "application/json": components["schemas"]["SessionDetail"];
                };
            };
            /** @description A parameter or the body is not as it should be */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description A credential is needed */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description Requests from other origins are refused */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description There is none */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description The host name is not weir's */
            421: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description The history is damaged */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        /** @description What is wrong and how to mend it. */
                        error: string;
                        /** @description What lies behind it. */
                        details?: string | null;
                        /** @description The parameter, or the field of the request's body, that is wrong. */
                        field?: string | null;
                        /** @description What programs tell it by, where there are several reasons for one status. */
                        code?: string | null;
                    };
                };
            };
            /** @description The history cannot be used at this moment */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        /** @description What is wrong and how to mend it. */
                        error: string;
                        /** @description What lies behind it. */
                        details?: string | null;
                        /** @description The parameter, or the field of the request's body, that is wrong. */
                        field?: string | null;
                        /** @description What programs tell it by, where there are several reasons for one status. */
                        code?: string | null;
                    };
                };
            };
        };
    };
    getSessionsByIdGrowth: {
        parameters: {
            query?: {
                /** @description The id of a subagent; the main agent when not said. */
                agent?: string;
                /** @description How many turns to leave out from the oldest on. */
                offset?: number;
                /** @description Most turns; 100 when not said, and never more than 200. */
                limit?: number;
            };
            header?: never;
            path: {
                /** @description The client's session id, or a conversation's hash */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Growth"];
                };
            };
            /** @description A parameter or the body is not as it should be */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description A credential is needed */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description Requests from other origins are refused */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description There is none */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description The host name is not weir's */
            421: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description The history is damaged */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        /** @description What is wrong and how to mend it. */
                        error: string;
                        /** @description What lies behind it. */
                        details?: string | null;
                        /** @description The parameter, or the field of the request's body, that is wrong. */
                        field?: string | null;
                        /** @description What programs tell it by, where there are several reasons for one status. */
                        code?: string | null;
                    };
                };
            };
            /** @description The history cannot be used at this moment */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        /** @description What is wrong and how to mend it. */
                        error: string;
                        /** @description What lies behind it. */
                        details?: string | null;
                        /** @description The parameter, or the field of the request's body, that is wrong. */
                        field?: string | null;
                        /** @description What programs tell it by, where there are several reasons for one status. */
                        code?: string | null;
                    };
                };
            };
        };
    };
    getSettings: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ProxySettings"];
                };
            };
            /** @description A parameter or the body is not as it should be */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description A credential is needed */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description Requests from other origins are refused */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description The host name is not weir's */
            421: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    putSettings: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewSettings"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ProxySettings"];
                };
            };
            /** @description A rule is not as it should be, or for a header that frames messages */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description A credential is needed */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description Requests from other origins are refused */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description The body is larger than the call takes */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        /** @description What is wrong and how to mend it. */
                        error: string;
                        /** @description What lies behind it. */
                        details?: string | null;
                        /** @description The parameter, or the field of the request's body, that is wrong. */
                        field?: string | null;
                        /** @description What programs tell it by, where there are several reasons for one status. */
                        code?: string | null;
                    };
                };
            };
            /** @description The host name is not weir's */
            421: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description It is not valid; nothing has changed */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        error: string;
                        /** @description Each a sentence with its place. */
                        faults: string[];
                    };
                };
            };
            /** @description Edits cannot be kept at this moment */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        /** @description What is wrong and how to mend it. */
                        error: string;
                        /** @description What lies behind it. */
                        details?: string | null;
                        /** @description The parameter, or the field of the request's body, that is wrong. */
                        field?: string | null;
                        /** @description What programs tell it by, where there are several reasons for one status. */
                        code?: string | null;
                    };
                };
            };
        };
    };
    getSetup: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Setup"];
                };
            };
            /** @description A parameter or the body is not as it should be */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description A credential is needed */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description Requests from other origins are refused */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description The host name is not weir's */
            421: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    getStats: {
        parameters: {
            query?: {
                /** @description From here on, an instant or a span ago such as `30d`; six days before today when not said. */
                start?: string;
                /** @description Up to here; now when not said. */
                end?: string;
                /**
                 * @description The time zone whose days these are, such as `Europe/Berlin` or `+05:30`; UTC when not said.
                 * @example Europe/Berlin
                 */
                tz?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["StatsAndDays"];
                };
            };
            /** @description A parameter or the body is not as it should be */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description A credential is needed */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description Requests from other origins are refused */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description The host name is not weir's */
            421: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    getStatsHourly: {
        parameters: {
            query: {
                /** @description From here on, an instant or a span ago such as `24h`. */
                start: string;
                /** @description Up to here. */
                end: string;
                /**
                 * @description The time zone whose hours these are, such as `Europe/Berlin` or `+05:30`; UTC when not said.
                 * @example Europe/Berlin
                 */
                tz?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HourlyStats"];
                };
            };
            /** @description A parameter or the body is not as it should be */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description A credential is needed */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description Requests from other origins are refused */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description The host name is not weir's */
            421: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description The history is damaged */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        /** @description What is wrong and how to mend it. */
                        error: string;
                        /** @description What lies behind it. */
                        details?: string | null;
                        /** @description The parameter, or the field of the request's body, that is wrong. */
                        field?: string | null;
                        /** @description What programs tell it by, where there are several reasons for one status. */
                        code?: string | null;
                    };
                };
            };
            /** @description The history cannot be used at this moment */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        /** @description What is wrong and how to mend it. */
                        error: string;
                        /** @description What lies behind it. */
                        details?: string | null;
                        /** @description The parameter, or the field of the request's body, that is wrong. */
                        field?: string | null;
                        /** @description What programs tell it by, where there are several reasons for one status. */
                        code?: string | null;
                    };
                };
            };
        };
    };
    getStatsModels: {
        parameters: {
            query: {
                /** @description From here on, an instant or a span ago such as `24h`. */
                start: string;
                /** @description Up to here. */
                end: string;
                /**
                 * @description The time zone whose hours these are, such as `Europe/Berlin` or `+05:30`; UTC when not said.
                 * @example Europe/Berlin
                 */
                tz?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ModelStats"];
                };
            };
            /** @description A parameter or the body is not as it should be */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description A credential is needed */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description Requests from other origins are refused */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description The host name is not weir's */
            421: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description The history is damaged */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        /** @description What is wrong and how to mend it. */
                        error: string;
                        /** @description What lies behind it. */
                        details?: string | null;
                        /** @description The parameter, or the field of the request's body, that is wrong. */
                        field?: string | null;
                        /** @description What programs tell it by, where there are several reasons for one status. */
                        code?: string | null;
                    };
                };
            };
            /** @description The history cannot be used at this moment */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        /** @description What is wrong and how to mend it. */
                        error: string;
                        /** @description What lies behind it. */
                        details?: string | null;
                        /** @description The parameter, or the field of the request's body, that is wrong. */
                        field?: string | null;
                        /** @description What programs tell it by, where there are several reasons for one status. */
                        code?: string | null;
                    };
                };
            };
        };
    };
    getStatsStream: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Server-sent events; the data is `Stats` */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/event-stream": string;
                };
            };
            /** @description A parameter or the body is not as it should be */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description A credential is needed */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description Requests from other origins are refused */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description The host name is not weir's */
            421: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description Too many follow already */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    getUsage: {
        parameters: {
            query?: {
                /** @description From here on, an instant or a span ago such as `30d`. */
                start?: string;
                /** @description Up to here; now when not said. */
                end?: string;
                /**
                 * @description The time zone whose hours these are, such as `Europe/Berlin` or `+05:30`; UTC when not said.
                 * @example Europe/Berlin
                 */
                tz?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["UsageStats"];
                };
            };
            /** @description A parameter or the body is not as it should be */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description A credential is needed */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description Requests from other origins are refused */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description The host name is not weir's */
            421: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description The history is damaged */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        /** @description What is wrong and how to mend it. */
                        error: string;
                        /** @description What lies behind it. */
                        details?: string | null;
                        /** @description The parameter, or the field of the request's body, that is wrong. */
                        field?: string | null;
                        /** @description What programs tell it by, where there are several reasons for one status. */
                        code?: string | null;
                    };
                };
            };
            /** @description The history cannot be used at this moment */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        /** @description What is wrong and how to mend it. */
                        error: string;
                        /** @description What lies behind it. */
                        details?: string | null;
                        /** @description The parameter, or the field of the request's body, that is wrong. */
                        field?: string | null;
                        /** @description What programs tell it by, where there are several reasons for one status. */
                        code?: string | null;
                    };
                };
            };
        };
    };
    getUsageHourly: {
        parameters: {
            query?: {
                /** @description From here on, an instant or a span ago such as `30d`. */
                start?: string;
                /** @description Up to here; now when not said. */
                end?: string;
                /**
                 * @description The time zone whose hours these are, such as `Europe/Berlin` or `+05:30`; UTC when not said.
                 * @example Europe/Berlin
                 */
                tz?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HourlyUsage"];
                };
            };
            /** @description A parameter or the body is not as it should be */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description A credential is needed */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description Requests from other origins are refused */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description The host name is not weir's */
            421: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description The history is damaged */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        /** @description What is wrong and how to mend it. */
                        error: string;
                        /** @description What lies behind it. */
                        details?: string | null;
                        /** @description The parameter, or the field of the request's body, that is wrong. */
                        field?: string | null;
                        /** @description What programs tell it by, where there are several reasons for one status. */
                        code?: string | null;
                    };
                };
            };
            /** @description The history cannot be used at this moment */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        /** @description What is wrong and how to mend it. */
                        error: string;
                        /** @description What lies behind it. */
                        details?: string | null;
                        /** @description The parameter, or the field of the request's body, that is wrong. */
                        field?: string | null;
                        /** @description What programs tell it by, where there are several reasons for one status. */
                        code?: string | null;
                    };
                };
            };
        };
    };
    getHealth: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It takes requests */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HealthResponse"];
                };
            };
            /** @description It is draining, or cannot capture what it must */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DrainingResponse"];
                };
            };
        };
    };
    getLivez: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LivezResponse"];
                };
            };
        };
    };
    getManageAudit: {
        parameters: {
            query?: {
                /** @description Exactly this action, such as `token.revoke`. */
                action?: string;
                /** @description Exactly this address. */
                client_ip?: string;
                /** @description Exactly this project. */
                project_id?: string;
                /** @description Exactly this token's id. */
                token_id?: string;
                /** @description `success`, `failure`, `denied` or `error`. */
                outcome?: string;
                /** @description Exactly this actor. */
                actor?: string;
                /** @description Exactly this request. */
                request_id?: string;
                /** @description Exactly this correlation id. */
                correlation_id?: string;
                /** @description Exactly this method. */
                method?: string;
                /** @description Exactly this path. */
                path?: string;
                /** @description A text in any of them, in the reason or in the metadata, in any case. */
                search?: string;
                /** @description Not before: an instant, or a span before now such as `7d`. */
                start_time?: string;
                /** @description Not after. */
                end_time?: string;
                /** @description The page, from 1. */
                page?: string;
                /** @description Events of a page: 20 if left out, at most 100. */
                page_size?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Events"];
                };
            };
            /** @description A parameter or the body is not as it should be */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description A credential is needed */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description Requests from other origins are refused */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description The host name is not weir's */
            421: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    getManageAuditVerify: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Verified"];
                };
            };
            /** @description A parameter or the body is not as it should be */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description A credential is needed */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description Requests from other origins are refused */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description The host name is not weir's */
            421: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    getManageAuditById: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The event's id, or its place in the chain */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AuditView"];
                };
            };
            /** @description A parameter or the body is not as it should be */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description A credential is needed */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description Requests from other origins are refused */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description There is none of this id */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description The host name is not weir's */
            421: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    getManageCache: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CacheState"];
                };
            };
            /** @description A parameter or the body is not as it should be */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description A credential is needed */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description Requests from other origins are refused */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description The host name is not weir's */
            421: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    postManageCachePurge: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CachePurge"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CachePurged"];
                };
            };
            /** @description A parameter or the body is not as it should be */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description A credential is needed */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description Requests from other origins are refused */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description The host name is not weir's */
            421: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description Where answers are kept cannot be reached */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    postManageLogin: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ManagerCredentials"];
            };
        };
        responses: {
            /** @description Logged in; the cookie is `weir_session` */
            204: {
                headers: {
                    /** @description The session */
                    "set-cookie"?: string;
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description A parameter or the body is not as it should be */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description The token is nobody's */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description Requests from other origins are refused */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description The dashboard has a password: log in with that */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description The body is larger than the call takes */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        /** @description What is wrong and how to mend it. */
                        error: string;
                        /** @description What lies behind it. */
                        details?: string | null;
                        /** @description The parameter, or the field of the request's body, that is wrong. */
                        field?: string | null;
                        /** @description What programs tell it by, where there are several reasons for one status. */
                        code?: string | null;
                    };
                };
            };
            /** @description The host name is not weir's */
            421: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description Too many wrong tokens; `Retry-After` says how long to wait */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    getManageMe: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Manager"];
                };
            };
            /** @description A parameter or the body is not as it should be */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description A credential is needed */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description Requests from other origins are refused */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description The host name is not weir's */
            421: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    getManageProjects: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Project"][];
                };
            };
            /** @description A parameter or the body is not as it should be */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description A credential is needed */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description Requests from other origins are refused */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description The host name is not weir's */
            421: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    postManageProjects: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description Any random text, such as a UUID. Sent again with the same key within a day, the call makes
                 *     nothing again and gives the same answer, with `Idempotent-Replayed: true`.
                 */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ProjectNew"];
            };
        };
        responses: {
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Project"];
                };
            };
            /** @description A parameter or the body is not as it should be */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description A credential is needed */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description Requests from other origins are refused */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /**
             * @description There is one of that name, somebody else changed it first, or the same request is still under
             *     way: `Retry-After` says when to ask again
             */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        /** @description What is wrong and how to mend it. */
                        error: string;
                        /** @description What lies behind it. */
                        details?: string | null;
                        /** @description The parameter, or the field of the request's body, that is wrong. */
                        field?: string | null;
                        /** @description What programs tell it by, where there are several reasons for one status. */
                        code?: string | null;
                    };
                };
            };
            /** @description The host name is not weir's */
            421: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description The `Idempotency-Key` was sent with another request */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        /** @description What is wrong and how to mend it. */
                        error: string;
                        /** @description What lies behind it. */
                        details?: string | null;
                        /** @description The parameter, or the field of the request's body, that is wrong. */
                        field?: string | null;
                        /** @description What programs tell it by, where there are several reasons for one status. */
                        code?: string | null;
                    };
                };
            };
        };
    };
    getManageProjectsById: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The project */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Project"];
                };
            };
            /** @description A parameter or the body is not as it should be */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description A credential is needed */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description Requests from other origins are refused */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description There is none of this id */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description The host name is not weir's */
            421: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    deleteManageProjectsById: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The project */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A parameter or the body is not as it should be */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description A credential is needed */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description Requests from other origins are refused */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description Switch it off instead */
            405: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description The host name is not weir's */
            421: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    patchManageProjectsById: {
        parameters: {
            query?: never;
            header?: {
                /** @description Only if it is still in this state */
                "If-Match"?: string | null;
            };
            path: {
                /** @description The project */
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ProjectChange"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Project"];
                };
            };
            /** @description A parameter or the body is not as it should be */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description A credential is needed */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description Requests from other origins are refused */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description There is none of this id */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description There is one of that name */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description It was changed in the meantime */
            412: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description The host name is not weir's */
            421: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    postManageProjectsByIdTokensRevoke: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The project */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RevokedTokens"];
                };
            };
            /** @description A parameter or the body is not as it should be */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description A credential is needed */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description Requests from other origins are refused */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description There is none of this id */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description The host name is not weir's */
            421: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    getManageTokens: {
        parameters: {
            query?: {
                /** @description Only those of this project. */
                projectId?: string;
                /** @description Only those that are neither revoked nor too old: `true` or `false`. */
                activeOnly?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Token"][];
                };
            };
            /** @description A parameter or the body is not as it should be */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description A credential is needed */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description Requests from other origins are refused */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description The host name is not weir's */
            421: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    postManageTokens: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description Any random text, such as a UUID. Sent again with the same key within a day, the call makes
                 *     nothing again and gives the same answer, with `Idempotent-Replayed: true`.
                 */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["TokenNew"];
            };
        };
        responses: {
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["TokenMade"];
                };
            };
            /** @description A parameter or the body is not as it should be */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description A credential is needed */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description Requests from other origins are refused */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description There is no such project or parent */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /**
             * @description There is one of that name, somebody else changed it first, or the same request is still under
             *     way: `Retry-After` says when to ask again
             */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        /** @description What is wrong and how to mend it. */
                        error: string;
                        /** @description What lies behind it. */
                        details?: string | null;
                        /** @description The parameter, or the field of the request's body, that is wrong. */
                        field?: string | null;
                        /** @description What programs tell it by, where there are several reasons for one status. */
                        code?: string | null;
                    };
                };
            };
            /** @description The host name is not weir's */
            421: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description The `Idempotency-Key` was sent with another request */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        /** @description What is wrong and how to mend it. */
                        error: string;
                        /** @description What lies behind it. */
                        details?: string | null;
                        /** @description The parameter, or the field of the request's body, that is wrong. */
                        field?: string | null;
                        /** @description What programs tell it by, where there are several reasons for one status. */
                        code?: string | null;
                    };
                };
            };
        };
    };
    getManageTokensById: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The token's id, never its secret */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Token"];
                };
            };
            /** @description A parameter or the body is not as it should be */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description A credential is needed */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description Requests from other origins are refused */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description There is none of this id */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description The host name is not weir's */
            421: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    deleteManageTokensById: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The token's id */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is revoked, or was */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description A parameter or the body is not as it should be */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description A credential is needed */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description Requests from other origins are refused */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description There is none of this id */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description The host name is not weir's */
            421: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    patchManageTokensById: {
        parameters: {
            query?: never;
            header?: {
                /** @description Only if it is still in this state */
                "If-Match"?: string | null;
            };
            path: {
                /** @description The token's id */
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["TokenChange"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Token"];
                };
            };
            /** @description A parameter or the body is not as it should be */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description A credential is needed */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description Requests from other origins are refused */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description There is none of this id */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description It was changed in the meantime */
            412: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description The host name is not weir's */
            421: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    postManageTokensByIdRotate: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description Any random text, such as a UUID. Sent again with the same key within a day, the call makes
                 *     nothing again and gives the same answer, with `Idempotent-Replayed: true`.
                 */
                "Idempotency-Key"?: string;
            };
            path: {
                /** @description The token's id */
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Rotation"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["TokenMade"];
                };
            };
            /** @description A parameter or the body is not as it should be */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description A credential is needed */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description Requests from other origins are refused */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description There is none of this id */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /**
             * @description There is one of that name, somebody else changed it first, or the same request is still under
             *     way: `Retry-After` says when to ask again
             */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        /** @description What is wrong and how to mend it. */
                        error: string;
                        /** @description What lies behind it. */
                        details?: string | null;
                        /** @description The parameter, or the field of the request's body, that is wrong. */
                        field?: string | null;
                        /** @description What programs tell it by, where there are several reasons for one status. */
                        code?: string | null;
                    };
                };
            };
            /** @description The host name is not weir's */
            421: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description The `Idempotency-Key` was sent with another request */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        /** @description What is wrong and how to mend it. */
                        error: string;
                        /** @description What lies behind it. */
                        details?: string | null;
                        /** @description The parameter, or the field of the request's body, that is wrong. */
                        field?: string | null;
                        /** @description What programs tell it by, where there are several reasons for one status. */
                        code?: string | null;
                    };
                };
            };
        };
    };
    getMetrics: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/openmetrics-text": string;
                };
            };
            /** @description A parameter or the body is not as it should be */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description A credential is needed */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description Requests from other origins are refused */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description The host name is not weir's */
            421: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
}
