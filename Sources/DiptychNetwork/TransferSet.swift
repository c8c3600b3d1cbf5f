internal import CCurl

/// Many exchanges at a time on one thread, which share connections and looked-up names.
///
/// It belongs to the thread that uses it.
package final class TransferSet {
    /// What an exchange ends with.
    package typealias Completion = (Result<ResponseHead, TransferError>) -> Void

    private struct Running {
        let transfer: Transfer
        let completion: Completion
    }

    private let multi: UnsafeMutableRawPointer
    private var free: [UnsafeMutableRawPointer] = []
    private var running: [UnsafeMutableRawPointer: Running] = [:]

    /// Prepares for exchanges.
    ///
    /// - Parameter connections: how many connections are kept open.
    /// - Throws: ``TransferError`` where libcurl cannot start.
    package init(connections: Int) throws(TransferError) {
        // Its global part is started with the first handle.
        guard let first = Transfer.handle(), let multi = curl_multi_init() else { throw Transfer.noHandle }
        self.multi = multi
        free = [first]
        _ = diptych_curl_multi_number(multi, CURLMOPT_MAXCONNECTS, max(1, connections))
    }

    deinit {
        for handle in running.keys {
            curl_multi_remove_handle(multi, handle)
            curl_easy_cleanup(handle)
        }
        for handle in free { curl_easy_cleanup(handle) }
        curl_multi_cleanup(multi)
    }

    /// How many exchanges have not ended.
    package var count: Int { running.count }

    /// Begins an exchange, which goes on in ``turn(waiting:)``.
    ///
    /// - Parameters:
    ///   - receiver: gets the body, as in ``Transfer/perform(_:isCancelled:receiver:)``.
    ///   - completion: is called once, within ``turn(waiting:)`` or at once where the request cannot be made.
    package func add(_ request: Request, receiver: @escaping Transfer.Receiver, completion: @escaping Completion) {
        let transfer = Transfer(request, { false }, receiver)
        guard let curl = free.popLast() ?? Transfer.handle() else { return completion(.failure(Transfer.noHandle)) }
        do throws(TransferError) {
            let refusal = try transfer.prepare(curl)
            guard refusal == CURLE_OK, curl_multi_add_handle(multi, curl) == CURLM_OK else {
                keep(curl)
                return completion(
                    .failure(
                        refusal == CURLE_OK
                            ? Transfer.noHandle
                            : TransferError(.failed, detail: String(cString: curl_easy_strerror(refusal)))))
            }
        } catch {
            keep(curl)
            return completion(.failure(error))
        }
        running[curl] = Running(transfer: transfer, completion: completion)
    }

    /// Lets exchanges go on, waits for the network for so many milliseconds at most, and completes those that have ended.
    package func turn(waiting milliseconds: Int32) {
        var active: Int32 = 0
        guard curl_multi_perform(multi, &active) == CURLM_OK else { return failAll() }
        if Int(active) == running.count, active > 0 {
            guard curl_multi_poll(multi, nil, 0, milliseconds, nil) == CURLM_OK else { return failAll() }
            guard curl_multi_perform(multi, &active) == CURLM_OK else { return failAll() }
        }
        var code = CURLE_OK
        while let curl = diptych_curl_multi_ended(multi, &code) {
            curl_multi_remove_handle(multi, curl)
            guard let ended = running.removeValue(forKey: curl) else { continue }
            let result: Result<ResponseHead, TransferError>
            do throws(TransferError) { result = .success(try ended.transfer.end(curl, code)) } catch {
                result = .failure(error)
            }
            keep(curl)
            ended.completion(result)
        }
    }

    private func keep(_ curl: UnsafeMutableRawPointer) {
        curl_easy_reset(curl)
        free.append(curl)
    }

    private func failAll() {
        let all = running
        running = [:]
        for (curl, transfer) in all {
            curl_multi_remove_handle(multi, curl)
            curl_easy_cleanup(curl)
            transfer.completion(
                .failure(TransferError(.failed, detail: "libcurl failed; try again", isTransient: true)))
        }
    }
}
