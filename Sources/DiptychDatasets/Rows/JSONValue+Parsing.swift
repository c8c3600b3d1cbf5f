extension JSONValue {
    /// Reads one JSON document.
    ///
    /// - Parameter name: what errors call the text.
    /// - Throws: ``DatasetError`` with the byte at which it stops being JSON.
    public init(parsing bytes: some Sequence<UInt8>, name: String) throws(DatasetError) {
        do throws(JSONParser.Fault) { self = try JSONParser.parse(bytes) } catch {
            throw DatasetError(.malformed, path: name, "is not JSON: \(error.reason) (byte \(error.offset))")
        }
    }
}
