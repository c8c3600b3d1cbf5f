import Foundation
import InMemoryTracing
import Testing
import Tracing

/// What a backend of swift-distributed-tracing gets to see.
@Suite struct TracingTests {
    /// The process has one backend for ever.
    private static let tracer: InMemoryTracer = {
        let tracer = InMemoryTracer(
            idGenerator: .init(nextTraceID: { UUID().uuidString }, nextSpanID: { UUID().uuidString }))
        InstrumentationSystem.bootstrap(tracer)
        return tracer
    }()

    @Test func requestsAreTracedWithoutWhatTheyAsk() async throws {
        let tracer = Self.tracer
        try await RunningServer.run(images: 2) { server in
            let headers = [InMemoryTracer.traceIDKey: "the-trace", InMemoryTracer.spanIDKey: "the-parent"]
            let image = dataURI(try drawn(99))
            let found = try await server.post(
                "/v1/search", ["text": "secret words", "image": image, "filter": "width > 3"], headers: headers)
            #expect(found.status == 200)
            #expect(try await server.get("/v1/items?filter=camera+%3D+%22secret%22", headers: headers).status == 200)
            #expect(try await server.post("/v1/search", ["text": 5], headers: headers).status == 400)
        }
        let spans = tracer.finishedSpans
        let ours = spans.filter { $0.traceID == "the-trace" }
        let requests = ours.filter { $0.parentSpanID == "the-parent" }
        #expect(requests.map(\.operationName).sorted() == ["GET /v1/items", "POST /v1/search", "POST /v1/search"])
        #expect(requests.allSatisfy { $0.kind == .server && $0.attributes.get("http.route") != nil })
        #expect(
            Set(requests.compactMap { $0.attributes.get("http.response.status_code") }.map { "\($0)" })
                == ["int64(200)", "int64(400)"])
        // The search embeds its text and its image, and then searches.
        let search = try #require(
            requests.first { request in ours.contains { $0.parentSpanID == request.spanID } })
        let parts = ours.filter { $0.parentSpanID == search.spanID }.map(\.operationName)
        #expect(parts.sorted() == ["diptych.embed", "diptych.embed", "diptych.search"])
        let passes = spans.filter { ["diptych.decode", "diptych.encode"].contains($0.operationName) }
        #expect(passes.count >= 3)
        for pass in passes {
            #expect(pass.endInstant.nanosecondsSinceEpoch >= pass.startInstant.nanosecondsSinceEpoch)
        }
        for span in spans {
            var content = span.operationName
            span.attributes.forEach { content += " \($0) \($1)" }
            #expect(!content.contains("secret") && !content.contains("camera"), "\(content)")
        }
    }
}
