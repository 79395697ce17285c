import Basics
import Testing

@testable import DriveHTTP

/// A token that is refused right after its renewal: whether another renewal is of any use.
@Suite struct YoungTokenTests {
    let start = Moment(sinceBoot: .seconds(1_000))

    func renewed(_ state: inout LoginState, _ token: String, after: Duration) {
        let login = StoredLogin(refreshToken: "r.\(token).s", accessToken: token)
        state.renewed(login, life: .seconds(7_200), now: start + after)
    }

    func isRenewed(_ state: inout LoginState, after: Duration) -> Bool {
        switch state.decide(now: start + after, renewal: "app") {
        case .renew: true
        case .use, .fail: false
        }
    }

    @Test func oneThatNeverWorkedIsNotTheProblem() {
        var state = LoginState()
        renewed(&state, "one", after: .zero)
        state.refused("one")
        #expect(!isRenewed(&state, after: .seconds(10)))
        #expect(isRenewed(&state, after: .seconds(60)))
    }

    @Test func oneThatHadWorkedIsRenewedButNotTwoInARow() {
        var state = LoginState()
        renewed(&state, "one", after: .zero)
        state.accepted()
        state.refused("one")
        #expect(isRenewed(&state, after: .seconds(10)))
        renewed(&state, "two", after: .seconds(10))
        state.accepted()
        state.refused("two")
        #expect(!isRenewed(&state, after: .seconds(20)))
        #expect(isRenewed(&state, after: .seconds(60)))
    }
}
