#if Milvus
    import DiptychMilvus
    import SwiftProtobuf
    import Testing

    /// What goes to the server, byte by byte: it trusts its clients with its life.
    @Suite("Milvus requests")
    struct EncodingTests {
        private let builder = RequestBuilder(
            database: "d", collection: "c",
            layout: Layout(fields: [
                .init("id", .int64, isKey: true), .init("v", .vector(2)), .init("t", .text(4)), .init("b", .bool),
                .init("x", .double), .init(Layout.dynamicName, .dynamic),
            ]), location: "milvus://h:1/d/c")

        private func rows(_ changes: [String: ColumnValues?] = [:]) -> [String: ColumnValues] {
            var rows: [String: ColumnValues] = [
                "id": .longs([7, -2]), "v": .vectors([1, 0, 0.5, -2]), "t": .texts(["ab", "日"]),
                "b": .bools([true, false]),
                "x": .doubles([1, 2]), Layout.dynamicName: .objects([#"{"k":1}"#, "{}"]),
            ]
            for (name, change) in changes { rows[name] = change }
            return rows
        }

        @Test func upsertHasTheBytesOfTheWire() throws {
            let bytes: [UInt8] = try builder.upsert(rows(), rows: 2).serializedBytes()
            let request = try Wire(bytes)
            #expect(request.text(2) == "d")
            #expect(request.text(3) == "c")
            #expect(request.number(7) == 2)
            let columns = try request.messages(5)
            #expect(columns.count == 6)
            func column(_ name: String) throws -> Wire { try #require(columns.first { $0.text(2) == name }) }

            let key = try column("id")
            #expect(key.number(1) == 5)
            // Packed varints; −2 is ten bytes of two's complement.
            #expect(
                try key.message(3).message(3).bytes(1) == [
                    7, 0xFE, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01,
                ])
            let vector = try column("v")
            #expect(vector.number(1) == 101)
            #expect(try vector.message(4).number(1) == 2)
            #expect(
                try vector.message(4).message(2).bytes(1) == [
                    0, 0, 0x80, 0x3F, 0, 0, 0, 0, 0, 0, 0, 0x3F, 0, 0, 0, 0xC0,
                ])
            let text = try column("t")
            #expect(text.number(1) == 21)
            #expect(try text.message(3).message(6).all(1) == [Array("ab".utf8), Array("日".utf8)])
            #expect(try column("b").message(3).message(1).bytes(1) == [1, 0])
            #expect(
                try column("x").message(3).message(5).bytes(1) == [
                    0, 0, 0, 0, 0, 0, 0xF0, 0x3F, 0, 0, 0, 0, 0, 0, 0, 0x40,
                ])
            let dynamic = try column("$meta")
            #expect(dynamic.number(1) == 23)
            #expect(dynamic.number(6) == 1)
            #expect(try dynamic.message(3).message(9).all(1) == [Array(#"{"k":1}"#.utf8), Array("{}".utf8)])
        }

        static let wrong: [(String, [String: ColumnValues?])] = [
            ("a missing column", ["t": nil]),
            ("an unknown column", ["z": .bools([true, false])]),
            ("keys as texts", ["id": .texts(["1", "2"])]),
            ("a vector's column as integers", ["v": .longs([1, 2])]),
            ("too few numbers for the vectors", ["v": .vectors([1, 0, 1])]),
            ("vectors of half the width", ["v": .vectors([1, 0])]),
            ("vectors of twice the width", ["v": .vectors([1, 0, 1, 0, 1, 0, 1, 0])]),
            ("a vector that is not finite", ["v": .vectors([1, .nan, 0, 0])]),
            ("a number that is not finite", ["x": .doubles([.infinity, 0])]),
            ("a text of too many bytes", ["t": .texts(["ab", "日本"])]),
            ("too few values", ["b": .bools([true])]),
            ("the least key", ["id": .longs([.min, 1])]),
            ("the last key", ["id": .longs([.max, 1])]),
            ("the key 0", ["id": .longs([0, 1])]),
            ("a key twice", ["id": .longs([3, 3])]),
        ]

        @Test(arguments: wrong.map(\.0)) func refusesWhatWouldHarmTheServer(_ name: String) throws {
            let changes = try #require(Self.wrong.first { $0.0 == name }).1
            let error = #expect(throws: MilvusError.self) { try builder.upsert(rows(changes), rows: 2) }
            #expect(error?.kind == .invalidRequest)
        }

        @Test func searchHasTheBytesOfTheWire() throws {
            let request = try Wire(
                builder.search(
                    [[1, 0], [0, -2]], limit: 10, filter: "b == true", parameters: "{}", fields: ["t"],
                    freshness: .whatever
                ).serializedBytes())
            #expect(request.number(7) == 1, "the type of the filter: a server that is told 0 dies")
            #expect(request.text(5) == "b == true")
            #expect(request.number(12) == 2)
            #expect(request.number(11) == 1)
            #expect(request.number(14) == 3)
            let placeholder = try Wire(request.bytes(6)).message(1)
            #expect(placeholder.text(1) == "$0")
            #expect(placeholder.number(2) == 101)
            #expect(placeholder.all(3) == [[0, 0, 0x80, 0x3F, 0, 0, 0, 0], [0, 0, 0, 0, 0, 0, 0, 0xC0]])
            let parameters = try request.messages(9).map { "\($0.text(1))=\($0.text(2))" }.sorted()
            #expect(
                parameters == [
                    "anns_field=v", "ignore_growing=False", "metric_type=IP", "params={}", "round_decimal=-1",
                    "topk=10",
                ])
        }

        @Test(arguments: [[[1, 0, 0]], [[1]], [[]], [[.nan, 0]], []] as [[[Float]]])
        func refusesQueriesThatAreNone(_ queries: [[Float]]) throws {
            #expect(throws: MilvusError.self) {
                try builder.search(queries, limit: 1, filter: "", parameters: "{}", fields: [], freshness: .strong)
            }
        }

        @Test(arguments: [0, -1, 16385]) func refusesLimitsOutOfRange(_ limit: Int) throws {
            #expect(throws: MilvusError.self) {
                try builder.search(
                    [[1, 0]], limit: limit, filter: "", parameters: "{}", fields: [], freshness: .strong)
            }
            #expect(throws: MilvusError.self) {
                try builder.query("id > 0", fields: [], limit: limit, freshness: .strong)
            }
        }

        @Test func deletesByKeyOnly() throws {
            #expect(try builder.delete([5, -7]).expr == "id in [5,-7]")
            #expect(throws: MilvusError.self) { try builder.delete([]) }
            #expect(throws: MilvusError.self) { try builder.query("", fields: [], limit: 1, freshness: .strong) }
        }

        @Test func keysAreTheFirst63BitsOfThePath() {
            // sha256sum of "abc": ba7816bf8f01cfea…
            #expect(Layout.key(of: "abc") == 0x5D3C_0B5F_C780_E7F5)
        }

        @Test func answersAreNotTrusted() throws {
            var column = Milvus_Proto_Milvus_Column()
            column.fieldName = "v"
            column.vectors.dim = 2
            column.vectors.floats.data = [1, 2, 3]
            let table = ReplyTable([column], rows: 2, location: "")
            #expect(throws: MilvusError.self) { try table.vectors("v", dimension: 2) }
            #expect(throws: MilvusError.self) { try table.longs("v") }
            #expect(throws: MilvusError.self) { try table.texts("other") }
            #expect(try table.objects().count == 2)
        }
    }
#endif
